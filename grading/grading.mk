# Labs and the grader: docs/for-students.md, docs/for-staff.md, docs/writing-a-lab.md.
#   LAB=x T=filter SEED=n V=1 HTML=file JSON=file

GRADE = python3 -B grading/grade
GRADE_FLAGS = $(foreach t,$(T),-t $(t)) $(if $(SEED),--seed $(SEED)) $(if $(V),-v) $(if $(JSON),--json '$(JSON)') \
    $(if $(HTML),--html '$(HTML)')
need = $(if $($(1)),,$(error $(1)= is missing: $(2)))

.PHONY: grade grade-gdb labs check-labs handout new-lab
grade:
	$(call need,LAB,make grade LAB=x; `make labs` lists them)
	@$(GRADE) $(LAB) $(GRADE_FLAGS)
grade-gdb:
	$(call need,LAB,make grade-gdb LAB=x T=test)
	@$(GRADE) $(LAB) $(GRADE_FLAGS) --gdb
labs:
	@for f in labs/*/lab.toml; do sed -n "s|^title = \"\(.*\)\"|$$(basename $$(dirname $$f)) - \1|p;T;q" $$f; done
