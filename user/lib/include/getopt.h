/* Command line options, short and long. */
#ifndef XV_GETOPT_H
#define XV_GETOPT_H

extern char *optarg;
extern int optind, opterr, optopt;

#define no_argument       0
#define required_argument 1
#define optional_argument 2

struct option {
    const char *name;
    int has_arg;
    int *flag;
    int val;
};

int getopt(int argc, char *const argv[], const char *spec);
int getopt_long(int argc, char *const argv[], const char *spec, const struct option *longopts,
                int *index);

#endif
