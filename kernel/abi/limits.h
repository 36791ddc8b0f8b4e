/* Sizes that the system call interface promises. */
#ifndef ABI_LIMITS_H
#define ABI_LIMITS_H

#define PATH_MAX         4096 /* with the zero byte */
#define NAME_MAX         255  /* without it */
#define ARG_MAX          131072
#define MAX_ARG_STRLEN   131072 /* one string of argv or envp, with the zero byte */
#define PIPE_BUF         4096   /* writes up to this size into a pipe are not interleaved */
#define NGROUPS_MAX      65536
#define TASK_COMM_LEN    16     /* a thread's name, with the zero byte */
#define BINPRM_BUF_SIZE  256    /* exec looks for "#!" and its line in this many bytes */
#define MAX_SYMLINKS     40     /* followed in one path walk before ELOOP */

#endif
