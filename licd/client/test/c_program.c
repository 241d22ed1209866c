/* A vendor's program in C, as small as it can be. Returns 0 when all went as it should, else the
 * line that did not. */
#include "licd/client/test/c_program.h"

#include <string.h>

#include "licd/client/liclicence.h"

#define MUST(condition)      \
    do {                     \
        if (!(condition)) {  \
            return __LINE__; \
        }                    \
    } while (0)

static int use_licence(licence_client* client) {
    licence_wish wish = {0};
    licence_state state = {0};
    int64_t lease = 0;
    int64_t next_ms = 0;
    wish.size = sizeof wish;
    wish.licence = "till.base";
    wish.time_limit_ms = 10000;
    state.size = sizeof state;
    MUST(licence_acquire(client, &wish, &lease) == LICENCE_OK);
    MUST(lease > 0);
    MUST(licence_status(client, lease, &state) == LICENCE_OK);
    MUST(state.standing == LICENCE_HELD);
    MUST(state.why == LICENCE_END_NONE);
    MUST(state.left_ms > 0 && state.left_ms <= 600000);
    MUST(strcmp(state.licence, "till.base") == 0);
    MUST(licence_used(client, 0) == LICENCE_OK);
    MUST(licence_used(client, lease) == LICENCE_OK);
    MUST(licence_beat(client, 5000, &next_ms) == LICENCE_OK);
    MUST(next_ms == 60000);
    MUST(licence_release(client, lease, 5000) == LICENCE_OK);
    MUST(licence_status(client, lease, &state) == LICENCE_OK);
    MUST(state.standing == LICENCE_GONE_STATE);
    return 0;
}

static int be_refused(licence_client* client) {
    licence_wish wish = {0};
    int64_t lease = 7;
    int64_t place = 7;
    MUST(licence_acquire(client, &wish, &lease) == LICENCE_BAD_FIELD);
    MUST(lease == 0);
    MUST(strlen(licence_error_text()) > 0);
    wish.size = sizeof wish;
    MUST(licence_acquire(client, &wish, &lease) == LICENCE_BAD_FIELD);
    MUST(licence_acquire(NULL, &wish, &lease) == LICENCE_BAD_FIELD);
    MUST(licence_status(client, 99, NULL) == LICENCE_BAD_FIELD);
    MUST(licence_place(client, &place) == LICENCE_OK);
    MUST(place == 0);
    MUST(strcmp(licence_result_name(LICENCE_NO_SEAT), "LICENCE_NO_SEAT") == 0);
    MUST(strlen(licence_advice(4711)) > 0);
    licence_close(NULL);
    return 0;
}

int run_c_program(const char* servers, const char* vendor_root) {
    licence_options options = {0};
    licence_client* client = NULL;
    int line = 0;
    MUST(licence_open(&options, &client) == LICENCE_BAD_FIELD);
    MUST(client == NULL);
    options.size = sizeof options;
    options.servers = servers;
    options.program = "till in C";
    options.product = "till";
    options.vendor_root = vendor_root;
    MUST(licence_open(&options, &client) == LICENCE_OK);
    line = use_licence(client);
    if (line == 0) {
        line = be_refused(client);
    }
    licence_close(client);
    return line;
}
