/*
 * The inside of a FILE.
 *
 * A stream is idle, reading or writing.  The buffer is allocated at the first transfer.
 *
 *   reading:   buf .. pos  delivered,  pos .. end  read ahead; the descriptor's offset is at end
 *   writing:   buf .. pos  not yet written; end limits what a fast put may fill
 *   idle:      pos == end == NULL
 *
 * UNGET bytes before buf are kept free for ungetc().
 */
#ifndef XV_STDIO_IMPL_H
#define XV_STDIO_IMPL_H

#include <stdio.h>

#define UNGET 8

/* struct file flags */
#define F_CANREAD  1
#define F_CANWRITE 2
#define F_APPEND   4
#define F_EOF      8
#define F_ERROR    16
#define F_OWNBUF   32  /* buf - UNGET came from malloc */
#define F_MALLOCED 64  /* so did the FILE */
#define F_STRING   128 /* reads from memory: never refilled */

#define BUF_UNKNOWN 3 /* beside _IOFBF, _IOLBF, _IONBF: a terminal becomes line buffered */

enum direction { IDLE, READING, WRITING };

struct file {
    int fd;
    unsigned char flags;
    unsigned char mode; /* _IO?BF or BUF_UNKNOWN */
    unsigned char direction;
    unsigned char *pos;
    unsigned char *end;
    unsigned char *buf;
    size_t size;
    FILE *next; /* all streams from fopen, for fflush(NULL) and exit */
    FILE **link;
};

int __file_to_reading(FILE *f);
int __file_to_writing(FILE *f);
int __file_to_idle(FILE *f);
int __file_fill(FILE *f);
int __file_flush(FILE *f);
size_t __file_put(FILE *f, const void *data, size_t len);

/* Where formatted text goes; total counts what was produced, kept or not. */
struct sink {
    void (*put)(struct sink *s, const char *text, size_t len);
    size_t total;
};

void __format(struct sink *s, const char *fmt, va_list ap);

/* Text of a finite double without sign; returns its length, at most prec + 340. */
#define FLOAT_MAX_PREC 1100
size_t __format_float(char *out, double value, int prec, char conv, int keep_zeros);

#endif
