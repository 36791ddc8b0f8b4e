# Host tests: `make host-test [T=name] [SEED=n]` builds and runs each kernel/test/host/*_test.c natively under
# ASan and UBSan. A test includes the real .c files (lib), or names them in HOST_SRC_<test> (with its
# own flags in HOST_CFLAGS_<test>); fake/ stands in for headers that need the machine.

HOST_DIR := kernel/test/host
HOST_TESTS := $(patsubst $(HOST_DIR)/%.c,%,$(wildcard $(HOST_DIR)/*_test.c))
HOST_CFLAGS := -std=gnu11 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
    -fno-strict-aliasing -fno-omit-frame-pointer -Wall -Wextra -Werror -Wno-unused-parameter -Wno-clobbered \
    -Wno-missing-field-initializers -Wno-unknown-warning-option \
    -I$(HOST_DIR)/fake -I$(HOST_DIR) -Ikernel
HOST_RUN := $(filter $(if $(T),$(T),%),$(HOST_TESTS))

HOST_MM := $(filter-out kernel/mm/kasan%,$(wildcard kernel/mm/*.c)) kernel/lib/rbtree.c \
    kernel/sync/cpu.c kernel/sync/spinlock.c $(HOST_DIR)/board.c
# Compiled once for all these; slabdebug_test has its own, with DEBUG.
HOST_MM_TESTS := bootmem buddy buddymisuse lru slab slabmisuse pgtable ptprint kspace kspacemisuse
$(foreach t,$(HOST_MM_TESTS),$(eval HOST_OBJ_$(t)_test := $(HOST_MM:%.c=$(BUILD)/host/mm/%.o)))
HOST_SRC_slabdebug_test := $(HOST_MM)
HOST_SRC_tty_test := kernel/dev/ldisc.c kernel/lib/parse.c kernel/lib/bitmap.c
HOST_CFLAGS_slabdebug_test := -DDEBUG -O2 # kmalloc() ends in a jump: it must not be the caller
HOST_SRC_path_test := kernel/fs/path.c kernel/fs/dentry.c kernel/fs/permission.c kernel/fs/textbuf.c
HOST_CFLAGS_vma_test := -iquote $(HOST_DIR)/fake_vma

# A folder of objects for each test, as each has its own flags; -MMD keeps them fresh.
define host_objects
$(BUILD)/host/$(1)/%.o: %.c $(HOST_DIR)/host.mk
	@mkdir -p $$(@D)
	$$(Q)$(HOSTCC) $(HOST_CFLAGS) $(HOST_CFLAGS_$(1)) -MMD -MP -c -o $$@ $$<
-include $(patsubst %.c,$(BUILD)/host/$(1)/%.d,$(2))
endef
define host_test
$(call host_objects,$(1),$(HOST_DIR)/$(1).c $(HOST_SRC_$(1)))
$(BUILD)/host/$(1)/test: $(patsubst %.c,$(BUILD)/host/$(1)/%.o,$(HOST_DIR)/$(1).c $(HOST_SRC_$(1))) \
    $(HOST_OBJ_$(1))
	$$(call say,HOST,$(1))
	$$(Q)$(HOSTCC) $(HOST_CFLAGS) -o $$@ $$^
endef
$(eval $(call host_objects,mm,$(HOST_MM)))
$(foreach t,$(HOST_TESTS),$(eval $(call host_test,$(t))))

.PHONY: host-test
host-test: $(HOST_RUN:%=$(BUILD)/host/%/test)
	@failed=; for t in $(HOST_RUN); do \
	    SEED=$(SEED) timeout 120 $(BUILD)/host/$$t/test || failed="$$failed $$t"; \
	done; \
	if [ "$$failed" ]; then echo "host tests failed:$$failed"; exit 1; fi
