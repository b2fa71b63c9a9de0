// The runner of the conformance kit for hosts in C. `plugins/fixtures/conformance/README.md` says what a runner does. The cases that are
// calls were written as code from `cases.json` by the package `conformance-cases`; of the file itself only names are read here.
#define _POSIX_C_SOURCE 200809L

#include "behaviours.h"
#include "desk.h"
#include "runner.h"

#include "cases.inc"

/// A row of the list of what cannot be done; a case.
typedef struct {
    char language[16], role[8], name[64], feature[64], with[80];
} Line;

/// The text behind a key in a line; empty when there is none. Names hold no escapes.
static void value_of(const char *line, const char *key, char *out, size_t room) {
    char start[32];
    snprintf(start, sizeof start, "\"%s\": \"", key);
    const char *at = strstr(line, start);
    *out = 0;
    if (!at) return;
    at += strlen(start);
    size_t len = strcspn(at, "\"");
    if (len >= room) len = room - 1;
    memcpy(out, at, len);
    out[len] = 0;
}

static int is_listed(const Line *cannot, size_t count, const Line *one, const char *language) {
    for (size_t at = 0; at < count; at++) {
        const int is_guest = !strcmp(cannot[at].role, "guest");
        char other[20];
        snprintf(other, sizeof other, "\"%s\"", is_guest ? "c" : language);
        if (strcmp(cannot[at].language, is_guest ? language : "c")) continue;
        if (*cannot[at].with && !strstr(cannot[at].with, other)) continue;
        if (!strcmp(cannot[at].name, one->name) || (*cannot[at].feature && !strcmp(cannot[at].feature, one->feature))) return 1;
    }
    return 0;
}

int main(int count, char **arguments) {
    if (count != 7) {
        fputs("needed: contract module, peer module, loader library or `-`, guest, cases, language\n", stderr);
        return 2;
    }
    const Files files = { arguments[1], arguments[2], arguments[3], arguments[4] };
    static Line cases[1024], cannot[256];
    size_t case_count = 0, cannot_count = 0;
    FILE *file = fopen(arguments[5], "r");
    if (!file) {
        fprintf(stderr, "error: cannot read %s\n", arguments[5]);
        return 1;
    }
    char *text = NULL;
    size_t room = 0;
    while (getline(&text, &room, file) > 0 && case_count < 1024 && cannot_count < 256) {
        Line line;
        memset(&line, 0, sizeof line);
        value_of(text, "language", line.language, sizeof line.language);
        value_of(text, "role", line.role, sizeof line.role);
        value_of(text, "name", line.name, sizeof line.name);
        value_of(text, "feature", line.feature, sizeof line.feature);
        if (*line.language) {
            value_of(text, "case", line.name, sizeof line.name);
            const char *with = strstr(text, "\"with\": [");
            if (with) snprintf(line.with, sizeof line.with, "%.*s", (int)strcspn(with, "]"), with);
            cannot[cannot_count++] = line;
        } else if (*line.name) {
            cases[case_count++] = line;
        }
    }
    free(text);
    fclose(file);

    static Stage stage;
    const char *broken = stage_whole(&stage, &files);
    if (broken) {
        fprintf(stderr, "error: %s\n", broken);
        return 1;
    }
    const struct {
        const Row *rows;
        size_t count;
    } tables[] = { { CASES, sizeof CASES / sizeof CASES[0] }, { BEHAVIOURS, sizeof BEHAVIOURS / sizeof BEHAVIOURS[0] } };
    int has_failed = 0;
    for (size_t at = 0; at < case_count; at++) {
        const char *detail = "this host has no code for it";
        for (size_t table = 0; table < 2; table++) {
            for (size_t row = 0; row < tables[table].count; row++) {
                if (!strcmp(tables[table].rows[row].name, cases[at].name)) detail = tables[table].rows[row].run(&stage);
            }
        }
        const char *word = !detail ? "passed" : is_listed(cannot, cannot_count, &cases[at], arguments[6]) ? "cannot" : "failed";
        has_failed |= *word == 'f';
        printf("%s\t%s\t", cases[at].name, word);
        for (const char *letter = detail ? detail : ""; *letter; letter++) putchar(*letter == '\n' || *letter == '\t' ? ' ' : *letter);
        putchar('\n');
        fflush(stdout);
    }
    stage_end(&stage);
    return has_failed;
}
