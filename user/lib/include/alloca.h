/* Memory on the stack, freed when the function returns. */
#ifndef XV_ALLOCA_H
#define XV_ALLOCA_H

#define alloca(size) __builtin_alloca(size)

#endif
