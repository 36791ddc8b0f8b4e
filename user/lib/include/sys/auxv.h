/* What exec told the program about itself. */
#ifndef XV_SYS_AUXV_H
#define XV_SYS_AUXV_H

#include "abi/elf.h"

unsigned long getauxval(unsigned long type);

#endif
