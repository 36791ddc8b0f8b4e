/* Parts of a path name. */
#ifndef XV_LIBGEN_H
#define XV_LIBGEN_H

char *dirname(char *path);

#endif
