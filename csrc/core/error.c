#include "error.h"

#include <string.h>

void skiff_error_text(char *field, unsigned long size, const char *text)
{
    unsigned long length = text ? strlen(text) : 0;
    if (length >= size) {
        text += length - (size - 1);
        length = size - 1;
    }
    if (length > 0)
        memcpy(field, text, length);
    field[length] = '\0';
}

void skiff_error_set(skiff_error *err, int errnum, const char *syscall, const char *path)
{
    err->errnum = errnum;
    skiff_error_text(err->syscall, sizeof err->syscall, syscall);
    skiff_error_text(err->path, sizeof err->path, path);
}
