# xv39: builds the kernel and its root image into build/, and runs them.
#
#   make                 build/kernel.elf and build/root.img
#   make setup           installs what is missing (make setup qemu: and then boots)
#   make qemu            boots to a shell; Ctrl-A X or `poweroff` leaves
#   make run CMD='...'   boots, runs the command line, fails as it fails
#   make debug           QEMU and GDB in one terminal (make qemu-gdb, make gdb: in two)
#   make test            every test (T=filter: some)      make check   style and structure
#   make bench           guest instructions per operation
#   make grade LAB=x     grades this tree for a lab (T=filter SEED=n V=1 HTML=file JSON=file)
#   make handout LAB=x OUT=dir   a student's repository    make new-lab NAME=x   make check-labs
#   make doctor          which tools are here             make clean   make help: this text
#
# Variables, the same everywhere:
#   CPUS=2 MEM=128M      of the machine                 ROOT=image    other root file system
#   APPEND='...'         more kernel command line       QEMU_ARGS=... more for QEMU
#   KASAN=1 UBSAN=1 DEBUG=1   checked builds (docs/checkers.md)   V=1   shows the commands
#   SWAP=64M             a second disk, /dev/vdb, with an empty swap area: swapon /dev/vdb
#   DISK2=image          an image of your own as /dev/vdb
#   LLVM=1               clang and lld                  TOOLPREFIX=   of the cross compiler
#   BUILD=build          where all output goes          CMD='...'     for make run

CPUS ?= 2
MEM ?= 128M
BUILD ?= build
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:

# `make setup X` looks for the tools anew before X: they were not there when this make began.
ifneq ($(filter setup,$(MAKECMDGOALS)),)
.PHONY: setup $(MAKECMDGOALS)
setup:
	@sh kernel/tools/setup.sh
	@$(if $(filter-out setup,$(MAKECMDGOALS)),$(MAKE) --no-print-directory $(filter-out setup,$(MAKECMDGOALS)))
$(filter-out setup,$(MAKECMDGOALS)): setup
	@:
else

.PHONY: all
all: $(BUILD)/kernel.elf $(BUILD)/root.img

# Goals that build nothing, and need no compiler.
ASKS := $(if $(filter-out clean doctor help,$(or $(MAKECMDGOALS),all)),,yes)

# ---- tools ---------------------------------------------------------------------------------------

ifeq ($(LLVM),1)
CC := clang --target=riscv64-unknown-elf -mno-relax
LD := ld.lld
AR := llvm-ar
NM := llvm-nm
OBJCOPY := llvm-objcopy
OBJDUMP := llvm-objdump
else
ifndef TOOLPREFIX
TOOLPREFIX := $(shell for p in riscv64-unknown-elf- riscv64-elf- riscv64-linux-gnu-; do \
    command -v $${p}gcc >/dev/null 2>&1 && { echo $$p; break; }; done)
endif
ifeq ($(TOOLPREFIX)$(ASKS),)
$(error no RISC-V compiler found: make setup (apt-get install gcc-riscv64-unknown-elf), or set TOOLPREFIX= or LLVM=1)
endif
CC := $(TOOLPREFIX)gcc
LD := $(TOOLPREFIX)ld
AR := $(TOOLPREFIX)ar
NM := $(TOOLPREFIX)nm
OBJCOPY := $(TOOLPREFIX)objcopy
OBJDUMP := $(TOOLPREFIX)objdump
endif
HOSTCC ?= cc
QEMU ?= qemu-system-riscv64

# Quiet lines: "  CC     file"; V=1 shows the command instead.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2))
# $(call cc_option,FLAGS,ELSE): FLAGS if the compiler takes them
cc_option = $(shell $(CC) $(1) -c -x c -o /dev/null /dev/null 2>/dev/null && echo $(1) || echo $(2))

# ---- kernel --------------------------------------------------------------------------------------

KERNEL_DIRS ?= lib riscv klog sync mm sched dev vm fs proc ipc net test sys
KERNEL_C := $(filter-out kernel/test/host/% $(if $(KASAN),,kernel/mm/kasan%) \
    $(if $(UBSAN),,kernel/klog/ubsan.c), \
    $(wildcard $(foreach d,$(KERNEL_DIRS),kernel/$(d)/*.c kernel/$(d)/*/*.c)))
KERNEL_S := $(wildcard kernel/riscv/*.S)
# Each kind of build has a folder of objects: going to a checked one and back compiles no file twice.
OBJ := $(BUILD)/kernel$(if $(KASAN),-kasan)$(if $(UBSAN),-ubsan)$(if $(DEBUG),-debug)$(if $(LLVM),-llvm)
KERNEL_OBJ := $(patsubst kernel/%,$(OBJ)/%.o,$(KERNEL_S) $(KERNEL_C))

ISA := $(call cc_option,-march=rv64imac_zicsr_zifencei -mabi=lp64,-march=rv64imac -mabi=lp64)
KERNEL_CFLAGS := -std=gnu11 $(ISA) -mcmodel=medany -ffreestanding -fno-pie -O2 -g \
    -fno-omit-frame-pointer -fno-strict-aliasing -fno-common -fno-stack-protector -fwrapv \
    -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -ffixed-x4 \
    -fno-tree-loop-distribute-patterns -Wframe-larger-than=768 \
    -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wundef \
    -Wno-unused-parameter -Ikernel
ifeq ($(LLVM),1)
KERNEL_CFLAGS := $(filter-out -fno-tree-loop-distribute-patterns,$(KERNEL_CFLAGS)) -fno-builtin
endif
# switch.S saves floating point registers, which C code must not use
KERNEL_ASFLAGS := -march=rv64gc -mabi=lp64 -g -Ikernel
KERNEL_LDFLAGS := -nostdlib -static $(if $(KEEP),,--gc-sections) -z max-page-size=4096 --build-id=none \
    $(if $(LLVM),,--no-warn-rwx-segments)

KERNEL_CFLAGS += $(if $(DEBUG),-DDEBUG)
ifneq ($(UBSAN),)
# Signed overflow is defined in our builds, and yet hardly ever meant: here it is reported.
KERNEL_CFLAGS := $(filter-out -fwrapv,$(KERNEL_CFLAGS))
SANITIZE := -fsanitize=undefined -fno-sanitize-recover=undefined
endif
ifneq ($(KASAN),)
KASAN_OFFSET := 0xdffffff800000000
SANITIZE += -fsanitize=kernel-address $(if $(LLVM),--target=riscv64-linux-gnu \
    $(addprefix -mllvm -asan-,mapping-offset=$(KASAN_OFFSET) instrumentation-with-call-threshold=0 \
    stack=1 globals=1),-fasan-shadow-offset=$(KASAN_OFFSET) \
    $(addprefix --param asan-,instrumentation-with-call-threshold=0 stack=1 globals=1))
KERNEL_CFLAGS += -DKASAN
KERNEL_ASFLAGS += -DKASAN
KERNEL_LDFLAGS += $(addprefix --wrap=,memcpy memmove memset clear_page copy_page __raw_copy_from_user \
    __raw_copy_to_user __raw_strncpy_from_user)
endif
ifneq ($(SANITIZE),)
KERNEL_CFLAGS := $(filter-out -Wframe-larger-than=%,$(KERNEL_CFLAGS)) -Wframe-larger-than=2048 \
    $(SANITIZE)
# Without: the checkers themselves, and the slab allocator's walks over objects that are free.
$(patsubst %,$(OBJ)/%.c.o,klog/ubsan mm/kasan mm/kasan_object mm/kasan_report mm/slab mm/slabdebug): \
    KERNEL_CFLAGS := $(filter-out $(SANITIZE),$(KERNEL_CFLAGS))
endif

# Everything depends on this stamp, whose text is the flags: other flags rebuild. kernel.elf is of the
# kind that was built last. `make doctor` leaves it: its flags may not be those of the build.
BUILD_CFG := $(OBJ)/.flags
flags_text := $(subst ','\'',$(CC) $(KERNEL_CFLAGS) $(KERNEL_ASFLAGS) $(KERNEL_LDFLAGS))
ifeq ($(ASKS),)
$(shell mkdir -p $(OBJ); stamp() { printf '%s\n' "$$2" | cmp -s - $$1 || printf '%s\n' "$$2" >$$1; }; \
    stamp $(BUILD_CFG) '$(flags_text)'; stamp $(BUILD)/.kernel '$(OBJ)')
endif

# The tools are looked at once for each set of flags, before anything is compiled, or booted.
$(OBJ)/.tools: kernel/tools/doctor.py $(BUILD_CFG)
	@command -v python3 >/dev/null || { echo "python3 is missing: make setup (apt-get install python3)"; exit 1; }
	@python3 kernel/tools/doctor.py --for build --cc $(firstword $(CC))
	@touch $@
$(BUILD)/.tools: kernel/tools/doctor.py $(BUILD_CFG)
	@$(if $(filter qemu-system-riscv64,$(QEMU)),python3 kernel/tools/doctor.py --for run)
	@touch $@

$(OBJ)/%.c.o: kernel/%.c $(BUILD_CFG) | $(OBJ)/.tools
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/%.S.o: kernel/%.S $(BUILD_CFG) | $(OBJ)/.tools
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) $(KERNEL_ASFLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/kernel.ld: kernel/riscv/kernel.ld $(BUILD_CFG) | $(OBJ)/.tools
	@mkdir -p $(@D)
	$(call say,LDS,$<)
	$(Q)$(CC) -E -P -x assembler-with-cpp -Ikernel -MMD -MP -MT $@ -MF $(@:.ld=.ld.d) -o $@ $<

# Two links: the second has the function names of the first, which backtraces print. The table lies
# behind the text, so the addresses are the same in both.
$(OBJ)/symbols0.S: $(BUILD_CFG)
	@mkdir -p $(@D)
	@awk -f kernel/tools/symtab.awk </dev/null >$@

$(OBJ)/symbols1.S: $(OBJ)/kernel0.elf kernel/tools/symtab.awk
	$(Q)$(NM) -n $< | awk -f kernel/tools/symtab.awk >$@

$(OBJ)/symbols%.S.o: $(OBJ)/symbols%.S
	$(Q)$(CC) $(KERNEL_ASFLAGS) -c -o $@ $<

$(OBJ)/kernel0.elf: $(KERNEL_OBJ) $(OBJ)/symbols0.S.o $(OBJ)/kernel.ld
	$(Q)$(LD) $(KERNEL_LDFLAGS) -T $(OBJ)/kernel.ld -o $@ $(filter %.o,$^)

$(BUILD)/kernel.elf: $(KERNEL_OBJ) $(OBJ)/symbols1.S.o $(OBJ)/kernel.ld $(BUILD)/.kernel
	$(call say,LD,$@)
	$(Q)$(LD) $(KERNEL_LDFLAGS) -T $(OBJ)/kernel.ld -o $@ $(filter %.o,$^)

-include $(KERNEL_OBJ:.o=.d) $(OBJ)/kernel.ld.d

# ---- userland and root image ---------------------------------------------------------------------

-include $(if $(ASKS),,user/user.mk)
-include mkfs/mkfs.mk

# ---- running -------------------------------------------------------------------------------------

ROOT ?= $(BUILD)/root.img
BOOTARGS = $(if $(ROOT),root=/dev/vda rw) $(value APPEND)
CPU ?= rv64
DISK2 ?= $(if $(SWAP),$(BUILD)/swap.img)
# The host lends what is touched, so that MEM=64G can be had anywhere.
QEMU_RAM = $(if $(findstring -numa,$(QEMU_ARGS)),,-machine memory-backend=ram0 -object \
    memory-backend-ram,id=ram0,size=$(MEM)$(if $(filter %0 %1 %2 %3 %4 %5 %6 %7 %8 %9,$(MEM)),M),reserve=off)
QEMU_MACHINE = -machine virt -cpu $(CPU) -nographic -smp $(CPUS) -m $(MEM) -no-reboot $(QEMU_RAM) \
    -global virtio-mmio.force-legacy=false -device virtio-rng-device \
    $(if $(ROOT),-drive file=$(ROOT)$(comma)if=none$(comma)format=raw$(comma)id=x0 \
    -device virtio-blk-device$(comma)drive=x0) \
    $(if $(DISK2),-drive file=$(DISK2)$(comma)if=none$(comma)format=raw$(comma)id=x1 \
    -device virtio-blk-device$(comma)drive=x1)
comma := ,

.PHONY: disk2
disk2:
	$(if $(SWAP),$(Q)python3 kernel/tools/swapimage.py $(BUILD)/swap.img $(SWAP))

.PHONY: qemu
qemu: all disk2 $(BUILD)/.tools
	$(Q)$(QEMU_RUN)

# The command goes through the environment as it was typed: neither make nor a shell touches its $, quotes
# and line ends on the way.
TIMEOUT ?= 600
.PHONY: run
unexport CMD APPEND
run: export RUN_CMD = $(value CMD)
run: export RUN_APPEND = $(value APPEND)
run: all disk2 $(BUILD)/.tools
	@python3 kernel/tools/run.py --kernel '$(BUILD)/kernel.elf' --image '$(ROOT)' --cpus '$(CPUS)' \
	    --mem '$(MEM)' --cpu '$(CPU)' --timeout '$(TIMEOUT)' --append="$$RUN_APPEND" \
	    $(addprefix --disk ,$(DISK2)) -- "$$RUN_CMD"

# The debugger's socket is the user's own: several people can debug on one machine.
GDB_SOCKET := $(BUILD)/gdb.sock
GDB = $(or $(shell command -v gdb-multiarch || command -v $(TOOLPREFIX)gdb),\
    $(error no GDB for RISC-V: make setup (apt-get install gdb-multiarch)))
GDB_STUB = -S -chardev socket,path=$(GDB_SOCKET),server=on,wait=off,id=gdb0 -gdb chardev:gdb0
QEMU_RUN = $(QEMU) $(QEMU_MACHINE) -kernel $(BUILD)/kernel.elf -append '$(subst ','\'',$(BOOTARGS))' $(QEMU_ARGS)

.PHONY: .gdbinit
.gdbinit: .gdbinit.tmpl
	$(Q)sed -e 's|@KERNEL@|$(BUILD)/kernel.elf|' -e 's|@STUB@|$(GDB_SOCKET)|' \
	    -e 's|@TOOLS@|kernel/tools/gdb|' $< >$@

.PHONY: qemu-gdb gdb debug
qemu-gdb: all disk2 $(BUILD)/.tools .gdbinit
	@echo "waiting for the debugger: make gdb (in another terminal, same folder)"
	$(Q)$(QEMU_RUN) $(GDB_STUB)
gdb: all .gdbinit
	$(Q)exec python3 kernel/tools/gdb/debug.py --gdb $(GDB)
debug: all disk2 $(BUILD)/.tools .gdbinit
	$(Q)exec python3 kernel/tools/gdb/debug.py --gdb $(GDB) --socket $(GDB_SOCKET) -- $(QEMU_RUN) $(GDB_STUB)

# ---- tests ---------------------------------------------------------------------------------------

-include kernel/test/host/host.mk

.PHONY: test bench check doctor
test: all $(BUILD)/.tools
	@python3 kernel/tools/runtests.py --build $(BUILD) $(T)
bench: all $(BUILD)/.tools
	@python3 kernel/tools/bench.py --kernel $(BUILD)/kernel.elf --image $(BUILD)/root.img $(T)
doctor:
	@python3 kernel/tools/doctor.py
check: floors headers
	$(Q)python3 kernel/tools/style.py

-include grading/grading.mk

# ---- upkeep --------------------------------------------------------------------------------------

.PHONY: floors headers
floors:
	$(Q)python3 kernel/tools/floors.py
headers:
	$(Q)python3 kernel/tools/headers.py $(CC) $(filter-out -Werror,$(KERNEL_CFLAGS))

.PHONY: clean help
help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile
clean:
	$(Q)rm -rf $(BUILD)

endif
