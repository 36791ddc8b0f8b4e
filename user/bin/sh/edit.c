#include "edit.h"
bool edit_usable(void){return false;}
void edit_read_line(const char *prompt, struct strbuf *out){(void)prompt;(void)out;}
