/* A program in C that works while it has its licence, and says why when it does not.
 *
 *   cc licence.c $(pkg-config --cflags --libs liclicence) -o licence
 *   ./licence '*LOCAL' till till.base vendor-root.pem 60
 */
#include <liclicence.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int stop(const char* what, int result) {
    fprintf(stderr, "%s: %s\n%s\n", what, licence_error_text(), licence_advice(result));
    return 3;
}

/* The vendor's root belongs into the program itself; a file keeps this example short. */
static char* read_root(const char* path) {
    char* text = calloc(1, 65536);
    FILE* file = fopen(path, "r");
    if (text != NULL && file != NULL && fread(text, 1, 65535, file) == 0) {
        text[0] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

static int work(licence_client* client, int64_t lease, int seconds) {
    licence_state state = {.size = sizeof state};
    for (int second = 0; second < seconds; ++second) {
        licence_status(client, lease, &state);
        if (state.standing == LICENCE_GONE_STATE) {
            fprintf(stderr, "the licence is gone (%d)\n", state.why);
            return 3;
        }
        if (state.standing == LICENCE_GRACE) {
            printf("the licence server cannot be reached; %lld s left\n",
                   (long long)(state.left_ms / 1000));
        } else {
            printf("working with licence %s, seat %lld\n", state.licence, (long long)state.seat);
        }
        fflush(stdout);
        licence_used(client, lease);
        sleep(1);
    }
    return 0;
}

int main(int count, char** words) {
    if (count < 5) {
        fprintf(stderr, "usage: licence SERVERS PRODUCT LICENCE ROOT.pem [SECONDS]\n");
        return 2;
    }
    char* root = read_root(words[4]);
    licence_options options = {.size = sizeof options,
                               .servers = words[1],
                               .program = "licence.c",
                               .product = words[2],
                               .vendor_root = root,
                               .beats_itself = 1};
    licence_wish wish = {.size = sizeof wish, .licence = words[3], .time_limit_ms = 10000};
    licence_client* client = NULL;
    int64_t lease = 0;
    int result = licence_open(&options, &client);
    free(root);
    if (result != LICENCE_OK) {
        return stop("cannot begin", result);
    }
    result = licence_acquire(client, &wish, &lease);
    const int ended = result == LICENCE_OK ? work(client, lease, count > 5 ? atoi(words[5]) : 60)
                                           : stop("no licence", result);
    licence_close(client);
    return ended;
}
