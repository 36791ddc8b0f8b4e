# Labs and the grader: docs/for-students.md, docs/for-staff.md, docs/writing-a-lab.md.
#   LAB=x T=filter SEED=n V=1 HTML=file JSON=file

LAB ?= $(if $(wildcard .handout),$(shell cat .handout))
GRADE = python3 -B grading/grade
GRADE_FLAGS = $(foreach t,$(T),-t $(t)) $(if $(SEED),--seed $(SEED)) $(if $(V),-v) $(if $(JSON),--json '$(JSON)') \
    $(if $(HTML),--html '$(HTML)')
need = $(if $($(1)),,$(error $(1)= is missing: $(2)))

.PHONY: grade grade-gdb labs check-labs handout hand-in new-lab gradescope-zip
grade:
	$(call need,LAB,make grade LAB=x; `make labs` lists them)
	@$(GRADE) $(LAB) $(GRADE_FLAGS)
grade-gdb:
	$(call need,LAB,make grade-gdb LAB=x T=test)
	@$(GRADE) $(LAB) $(GRADE_FLAGS) --gdb
labs:
	@for f in labs/*/lab.toml; do sed -n "s|^title = \"\(.*\)\"|$$(basename $$(dirname $$f)) - \1|p;T;q" $$f; done
# QUICK=1: for each mutant only the tests that it must fail
check-labs:
	@python3 -B grading/check-labs $(LAB) $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(V),-v)
handout:
	$(call need,LAB,make handout LAB=x OUT=dir)$(call need,OUT,make handout LAB=x OUT=dir)
	@python3 -B grading/handout handout $(LAB) '$(OUT)'
hand-in:
	$(call need,LAB,make hand-in LAB=x)
	@python3 -B grading/handout hand-in $(LAB) $(if $(OUT),'$(OUT)')
gradescope-zip:
	$(call need,LAB,make gradescope-zip LAB=x)
	@python3 -B grading/handout gradescope-zip $(LAB) $(if $(OUT),'$(OUT)')
new-lab:
	$(call need,NAME,make new-lab NAME=x)
	@python3 -B grading/handout new-lab $(NAME)
