#include "../../init/monitor/log.h"
#include "../check.h"
#include "fakes.h"
#include "tests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAMP 38 /* `2026-11-25T02:46:11.123456789Z stdout ` */

static char directory[] = "/tmp/skiff-log-XXXXXX";
static int opened = -1;
static skiff_log log_of_test;

static skiff_log *begin(uint64_t limit, uint32_t files)
{
    memset(&log_of_test, 0, sizeof log_of_test);
    skiff_log_open(&log_of_test, opened, limit, files);
    return &log_of_test;
}

static void finish(void)
{
    char name[16] = "log";
    if (log_of_test.file >= 0)
        close(log_of_test.file);
    for (int number = 1; number < 12; number++) {
        unlinkat(opened, name, 0);
        snprintf(name, sizeof name, "log.%d", number);
    }
    fake_room = -1;
}

static void say(int stream, const char *text)
{
    skiff_log_write(&log_of_test, stream, text, strlen(text));
}

/* A log's file as one text; NULL where there is none. */
static char *text_of(const char *name)
{
    static char text[4 << 20];
    int file = openat(opened, name, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    if (length < 0)
        return NULL;
    text[length] = '\0';
    return text;
}

/* Its entries less their times, each checked: the time's form, the stream. */
static const char *entries_of(const char *name)
{
    static char entries[4 << 20];
    char *at = entries;
    for (char *line = text_of(name), *end; line && *line; line = end + 1) {
        end = strchr(line, '\n');
        CHECK(end && end - line >= STAMP + 2);
        if (!end)
            break;
        CHECK(line[4] == '-' && line[10] == 'T' && line[19] == '.' && line[29] == 'Z' && line[30] == ' ');
        CHECK(memcmp(line + 31, "stdout ", 7) == 0 || memcmp(line + 31, "stderr ", 7) == 0);
        size_t length = (size_t)(end - line) + 1 - 31;
        memcpy(at, line + 31, length);
        at += length;
    }
    *at = '\0';
    return entries;
}

static bool has(const char *name, const char *expected)
{
    return strcmp(entries_of(name), expected) == 0;
}

static void test_lines(void)
{
    begin(0, 1);
    say(1, "one\ntwo\n");
    say(2, "\n");
    say(1, "thr");
    say(2, "between\n");
    say(1, "ee\nlast");
    CHECK(has("log", "stdout F one\nstdout F two\nstderr F \nstdout P thr\nstderr F between\nstdout F ee\n"
                     "stdout P last\n"));
    CHECK(log_of_test.lines_lost == 0 && log_of_test.size == strlen(text_of("log")));
    /* A monitor that is started again goes on behind what is there. */
    close(log_of_test.file);
    begin(0, 1);
    say(1, " word\n");
    CHECK(log_of_test.size == strlen(text_of("log")) && strstr(entries_of("log"), "P last\nstdout F  word\n"));
    finish();
}

static void test_bytes(void)
{
    begin(0, 1);
    skiff_log_write(&log_of_test, 1, "a\0\r\377\n", 5);
    int file = openat(opened, "log", O_RDONLY | O_CLOEXEC);
    char text[128];
    CHECK(read(file, text, sizeof text) == STAMP + 2 + 5 && memcmp(text + STAMP + 2, "a\0\r\377\n", 5) == 0);
    close(file);
    finish();
}

/* Lines around the room of one entry: each part but the last is marked. */
static void test_long_lines(void)
{
    static char line[100000];
    const size_t room = 16384, lengths[] = {room - 1, room, room + 1, 2 * room, 5 * room + 7};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        begin(0, 1);
        memset(line, 'a' + (int)i, lengths[i]);
        line[lengths[i]] = '\n';
        skiff_log_write(&log_of_test, 1, line, lengths[i] + 1);
        size_t whole = 0, parts = 0, ends = 0;
        for (const char *at = entries_of("log"); *at; at = strchr(at, '\n') + 1) {
            size_t length = strcspn(at + 9, "\n");
            CHECK(length <= room && (at[7] == 'P' || at[7] == 'F'));
            whole += length;
            parts++;
            ends += at[7] == 'F';
            CHECK(at[7] == 'F' || strchr(at, '\n')[1]);
        }
        CHECK(whole == lengths[i] && ends == 1 && parts == lengths[i] / room + 1);
        finish();
    }
}

static void test_rotation(void)
{
    begin(200, 3); /* four entries of this size */
    for (int i = 0; i < 20; i++) {
        char line[32];
        snprintf(line, sizeof line, "line %02d\n", i);
        say(1, line);
        struct stat about;
        CHECK(fstatat(opened, "log", &about, 0) == 0 && about.st_size <= 200);
    }
    CHECK(has("log", "stdout F line 16\nstdout F line 17\nstdout F line 18\nstdout F line 19\n"));
    CHECK(has("log.1", "stdout F line 12\nstdout F line 13\nstdout F line 14\nstdout F line 15\n"));
    CHECK(has("log.2", "stdout F line 08\nstdout F line 09\nstdout F line 10\nstdout F line 11\n"));
    CHECK(!text_of("log.3"));
    finish();

    begin(200, 1); /* nothing but the file that is written to */
    for (int i = 0; i < 9; i++)
        say(1, "12345678\n");
    CHECK(!text_of("log.1") && strlen(text_of("log")) == STAMP + 2 + 9);
    finish();

    begin(200, 2); /* one entry is longer than a whole file may be: it is kept all the same */
    static char line[1001];
    memset(line, 'x', 1000);
    line[1000] = '\n';
    say(1, "before\n");
    skiff_log_write(&log_of_test, 1, line, sizeof line);
    say(1, "after\n");
    CHECK(has("log", "stdout F after\n") && strlen(entries_of("log.1")) == 9 + 1001);
    finish();
}

static void test_full_disk(void)
{
    begin(0, 1);
    say(1, "first\n");
    fake_room = 20; /* ends inside of an entry */
    say(1, "second\nthird\n");
    CHECK(log_of_test.lines_lost == 2 && log_of_test.error == ENOSPC);
    CHECK(has("log", "stdout F first\n")); /* no entry is there in part */
    say(2, "fourth\n");
    CHECK(log_of_test.lines_lost == 3);
    fake_room = -1;
    say(1, "fifth\n");
    CHECK(has("log", "stdout F first\nstdout F fifth\n") && log_of_test.lines_lost == 3);
    finish();
}

static void test_nowhere(void)
{
    fake_writes = 0;
    begin(0, 0);
    say(1, "nothing is kept\n");
    CHECK(fake_writes == 0 && !text_of("log") && log_of_test.lines_lost == 0);
    finish();

    int whole = opened;
    opened = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* no file can be made there */
    begin(0, 1);
    CHECK(log_of_test.file < 0 && log_of_test.error != 0);
    say(1, "one\ntwo\nthree");
    CHECK(log_of_test.lines_lost == 3);
    close(opened);
    opened = whole;
    log_of_test.directory = whole;
    say(1, "lost, too: it is opened again behind it\n");
    say(1, "there\n");
    CHECK(has("log", "stdout F there\n") && log_of_test.lines_lost == 4);
    finish();
}

/* However little comes at a time, and however much, a piece is written by as few calls as its size takes. */
static void test_writes(void)
{
    static char many[65536];
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 2 ? '\n' : 'y';
    begin(0, 1);
    fake_writes = 0;
    skiff_log_write(&log_of_test, 1, many, sizeof many);
    uint64_t bytes = log_of_test.size;
    CHECK(bytes == (uint64_t)(STAMP + 2 + 2) * (sizeof many / 2) && fake_writes <= bytes / (SKIFF_LOG_ROOM - 100) + 1);
    finish();
}

void test_log(void)
{
    CHECK(mkdtemp(directory));
    opened = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    test_lines();
    test_bytes();
    test_long_lines();
    test_rotation();
    test_full_disk();
    test_nowhere();
    test_writes();
    close(opened);
    CHECK(rmdir(directory) == 0);
}
