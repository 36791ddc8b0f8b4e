#define MAX_ORDER 0
