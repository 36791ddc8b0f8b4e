/* Programs that redraw the whole terminal: top, slabtop, watch. */
#ifndef XV_SCREEN_H
#define XV_SCREEN_H

#include <stddef.h>

/* Keys arrive without echo and Enter from here on; exit and deadly signals restore the terminal. */
void screen_start(void);
/* Shows the text from the top: lines are cut at the terminal's width and height; one write. */
void screen_show(const char *text);
/* Waits for a key, at most `seconds`: the key, 0 when none came, -1 at the end of input. */
int screen_key(double seconds);

#endif
