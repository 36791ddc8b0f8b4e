# The userland: build/user/libc.a, and one static program for each
#   user/bin/NAME.c, user/bin/NAME/*.c   build/user/bin/NAME
#   user/tests/*.c                       build/user/bin/usertests
#   user/tests/stress/*.c                build/user/bin/stress
#   user/bench/*.c                       build/user/bin/bench
#   user/bench/NAME/*.c                  build/user/bin/NAME
# build/user/sym/NAME is the same program with symbols, for the debugger.
#
# Uses BUILD CC LD AR OBJCOPY.  Sets USER_PROGRAMS and the target `user`.

USER_OUT := $(BUILD)/user

USER_CFLAGS := -std=gnu11 -march=rv64gc -mabi=lp64d -O2 -g -ffreestanding -fno-pic -fno-pie \
    -fno-stack-protector -fno-asynchronous-unwind-tables -fno-strict-aliasing -fwrapv \
    -ffunction-sections -fdata-sections -nostdinc \
    -isystem $(shell $(CC) -print-file-name=include) -Iuser/lib/include -Ikernel \
    -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wundef
USER_LDFLAGS := -T user/lib/user.ld -static -nostdlib --gc-sections -z max-page-size=4096 \
    --build-id=none
USER_LIB := $(USER_OUT)/libc.a

# As in the kernel: another compiler or other flags rebuild.
USER_CFG := $(USER_OUT)/.flags
user_flags := $(CC) $(USER_CFLAGS) $(USER_LDFLAGS)
$(shell mkdir -p $(USER_OUT); echo '$(user_flags)' | cmp -s - $(USER_CFG) || \
    echo '$(user_flags)' >$(USER_CFG))

# one line per step, or the whole command with V=1
user_say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2) &&) 

# C and assembly files to objects
user_objects = $(patsubst user/%,$(USER_OUT)/obj/%.o,$(1))

USER_LIB_OBJECTS := $(call user_objects,$(wildcard user/lib/*.c user/lib/*/*.c) \
    $(filter-out user/lib/crt0.S,$(wildcard user/lib/*.S)))
USER_CRT := $(call user_objects,user/lib/crt0.S)

$(USER_OUT)/obj/%.c.o: user/%.c $(USER_CFG) | $(OBJ)/.tools
	@mkdir -p $(@D)
	$(call user_say,CC,$<)$(CC) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

$(USER_OUT)/obj/%.S.o: user/%.S $(USER_CFG) | $(OBJ)/.tools
	@mkdir -p $(@D)
	$(call user_say,CC,$<)$(CC) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

# these define the functions that the compiler would replace their loops with
$(call user_objects,user/lib/memory.c user/lib/string.c): USER_CFLAGS += \
    $(if $(findstring clang,$(CC)),-fno-builtin,-fno-tree-loop-distribute-patterns)
$(USER_OUT)/obj/lib/%: USER_CFLAGS += -Iuser/lib

$(USER_LIB): $(USER_LIB_OBJECTS)
	@rm -f $@
	$(call user_say,AR,$@)$(AR) rcsD $@ $^

# $(call user_program,NAME,SOURCES)
define user_program
USER_PROGRAMS += $(USER_OUT)/bin/$(1)
$(USER_OUT)/sym/$(1): $(USER_CRT) $(call user_objects,$(2)) $(USER_LIB) user/lib/user.ld
	@mkdir -p $$(@D)
	$$(call user_say,LD,$$@)$$(LD) $$(USER_LDFLAGS) -o $$@ $$(filter %.o %.a,$$^)
-include $(patsubst %.o,%.d,$(call user_objects,$(2)))
endef

$(USER_OUT)/bin/%: $(USER_OUT)/sym/%
	@mkdir -p $(@D)
	$(call user_say,STRIP,$@)$(OBJCOPY) --strip-all $< $@

# these keep their line table, for mtrace to read
$(USER_OUT)/bin/leak: $(USER_OUT)/sym/leak
	$(call user_say,STRIP,$@)$(OBJCOPY) --strip-debug --keep-section=.debug_line \
	    --keep-section=.debug_line_str $< $@

USER_PROGRAMS :=
USER_FILES := $(wildcard user/bin/*.c)
USER_DIRS := $(patsubst user/bin/%/,%,$(wildcard user/bin/*/))
$(foreach f,$(USER_FILES),$(eval $(call user_program,$(basename $(notdir $(f))),$(f))))
$(foreach d,$(USER_DIRS),$(eval $(call user_program,$(d),$(wildcard user/bin/$(d)/*.c))))
$(if $(wildcard user/tests/*.c),$(eval $(call user_program,usertests,$(wildcard user/tests/*.c))))
$(if $(wildcard user/tests/stress/*.c),$(eval $(call user_program,stress,\
    $(wildcard user/tests/stress/*.c) user/tests/leak.c user/tests/testutil.c)))
$(if $(wildcard user/bench/*.c),$(eval $(call user_program,bench,$(wildcard user/bench/*.c))))
$(foreach d,$(patsubst user/bench/%/,%,$(wildcard user/bench/*/)),\
    $(eval $(call user_program,$(d),$(wildcard user/bench/$(d)/*.c))))
-include $(patsubst %.o,%.d,$(USER_LIB_OBJECTS) $(USER_CRT))

.PHONY: user
user: $(USER_PROGRAMS)
