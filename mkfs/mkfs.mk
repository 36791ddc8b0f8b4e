# The host tool that makes images, and the root image from it.
#   ROOTFS_ADD=dir   adds the files of dir      ROOTFS_SIZE=64M ROOTFS_BLOCK=4096   shape of the image

ROOTFS_SIZE ?= 64M
ROOTFS_BLOCK ?= 4096
HOSTCC ?= cc
MKFS := $(BUILD)/mkfs/mkfs
STAGE := $(BUILD)/stage

$(MKFS): $(wildcard mkfs/*.c mkfs/*.h) | $(OBJ)/.tools
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) -O2 -g -Wall -Wextra -o $@ $(filter %.c,$^) -lext2fs -lcom_err || \
	    { echo "mkfs needs libext2fs: make setup (apt-get install libext2fs-dev comerr-dev)"; exit 1; }

# A changed ROOTFS_* rebuilds; files of ROOTFS_ADD are looked at each time.
rootfs_text := $(ROOTFS_SIZE) $(ROOTFS_BLOCK) $(ROOTFS_ADD)
$(shell mkdir -p $(BUILD); echo '$(rootfs_text)' | cmp -s - $(BUILD)/.rootfs || \
    echo '$(rootfs_text)' >$(BUILD)/.rootfs)
ROOTFS_FILES := $(shell find mkfs/root user/tests/sh $(ROOTFS_ADD) -type f -o -type l 2>/dev/null)

$(BUILD)/root.img: $(MKFS) $(USER_PROGRAMS) mkfs/root.list $(BUILD)/.rootfs $(ROOTFS_FILES)
	$(call say,MKFS,$@)
	@rm -rf $(STAGE) && mkdir -p $(STAGE)/bin
	@cp $(USER_PROGRAMS) $(STAGE)/bin && ln -sf poweroff $(STAGE)/bin/halt
	@mkdir -p $(STAGE)/tests && cp -R user/tests/sh $(STAGE)/tests
	$(Q)$(MKFS) -s $(ROOTFS_SIZE) -b $(ROOTFS_BLOCK) -l mkfs/root.list -o $@ mkfs/root $(STAGE) $(ROOTFS_ADD)
