/* What the tests of exec run: see struct helper in testlib.h. */
#include "testutil.h"

const struct helper exec_helpers[] = {
    {NULL, NULL},
};
