#define pt_print(...) 0
