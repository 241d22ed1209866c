#pragma once

/* The licence client of tillhost for programs in C and in every language that can call it: library
 * liblicclient.so. docs/licences-for-programs.md shows how it is built into a program.
 *
 * Shapes: a client is an opaque handle; a lease is a positive number within its client; texts are
 * UTF-8 ended by a zero byte, copied by whoever keeps them; structs begin with their own size,
 * which the caller sets, so that later versions may add fields at the end. Times are milliseconds,
 * int64. Nothing throws, nothing calls exit; a NULL handle or pointer gives LICENCE_BAD_FIELD.
 *
 * Threads: any thread may call anything. A call that asks the server may wait for another thread's
 * answer some seconds beyond its own time limit. licence_used and licence_status never wait for
 * the network. licence_close must be the last call with a handle, and no other may be under way.
 *
 * After fork() only the parent may go on using its clients.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LICENCE_API __attribute__((visibility("default")))

/* Grows when something is added. */
#define LICENCE_VERSION 2

typedef struct licence_client licence_client;

/* What came of a call. The numbers stay. licence_error_text() has the sentence for people,
 * licence_advice() what to do about it. */
enum {
    LICENCE_OK = 0,
    LICENCE_BAD_FIELD = 1,       /* the program passes something wrong; the text names the field */
    LICENCE_NO_SERVER = 2,       /* no licence server can be reached, within the time limit */
    LICENCE_NO_SEAT = 3,         /* all licences of that name are in use */
    LICENCE_UNKNOWN = 4,         /* no key there has a licence of that name */
    LICENCE_EXPIRED = 5,         /* past its last day */
    LICENCE_KEY_OFF = 6,         /* the key may not be used now: switched off, blocked, revoked */
    LICENCE_CODE_WRONG = 7,      /* the key wants its access code, and this is not it */
    LICENCE_CLOCK_WRONG = 8,     /* the clock of the licence server is wrong */
    LICENCE_NOT_BELIEVED = 9,    /* what the server lends is not signed by the vendor */
    LICENCE_WRONG_SERVER = 10,   /* another server than the pinned one, or it does not encrypt */
    LICENCE_BUSY = 11,           /* the server has too much to do; try again later */
    LICENCE_GONE = 12,           /* the lease is not held any more */
    LICENCE_TOO_MANY = 13,       /* more leases than a client may hold */
    LICENCE_SYSTEM = 14,         /* the system refuses something: memory, a file, a socket */
    LICENCE_OTHER = 15,          /* anything else; the text says what */
    LICENCE_NOT_FOR_VERSION = 16 /* the licence is not for this version; since version 2 */
};

/* How a lease stands. */
enum {
    LICENCE_GONE_STATE = 0, /* none: stop, or acquire anew */
    LICENCE_HELD = 1,       /* the program has its licence */
    LICENCE_GRACE = 2       /* no server can be reached: go on, warn, begin no new document */
};

/* Why a lease is gone, as the server said. */
enum {
    LICENCE_END_NONE = 0,     /* it is not gone */
    LICENCE_END_RELEASED = 1, /* by the program */
    LICENCE_END_EXPIRED = 2,  /* nothing was heard in time */
    LICENCE_END_IDLE = 3,     /* not used, and somebody waited */
    LICENCE_END_REVOKED = 4,  /* an administrator took it */
    LICENCE_END_DIED = 5,     /* the server saw the program end */
    LICENCE_END_KEY = 6,      /* its key does not give it any more */
    LICENCE_END_UNKNOWN = 7   /* the server knows no such lease */
};

/* How to find a server and whose word to believe. NULL texts are as empty ones. */
typedef struct licence_options {
    size_t size;                  /* sizeof(licence_options) */
    const char* servers;          /* "*LOCAL" (default), "*AUTO", "HOST[:PORT][#KEY], ..." */
    const char* program;          /* name for people; required, at most 64 bytes */
    const char* program_version;  /* "3.1.20" */
    const char* product;          /* the vendor's code, as in its keys; required */
    const char* vendor_root;      /* the vendor's root certificate, PEM; required */
    const char* instance;         /* 8 to 64 bytes; NULL: a new one. See ClientOptions::instance */
    const char* group;            /* *AUTO: servers of this group are preferred */
    const char* pins;             /* path of a file in which servers are pinned; NULL: none */
    const char* user;             /* NULL: the login name */
    const char* computer;         /* NULL: the host name */
    const char* terminal_session; /* NULL: the login session */
    int32_t beats_itself;         /* 1: a thread of the library beats; 0: call licence_beat() */
} licence_options;

typedef struct licence_wish {
    size_t size;             /* sizeof(licence_wish) */
    const char* licence;     /* its name; required */
    const char* key;         /* serial of a key; NULL: any that has it */
    const char* access_code; /* NULL: none */
    int64_t wait_ms;         /* stand in line for so long if no seat is free */
    int64_t time_limit_ms;   /* for the whole call, waiting included; at least wait_ms */
    int32_t keep_place;      /* 1: keep the place for an acquire within 10 s */
} licence_wish;

typedef struct licence_state {
    size_t size;      /* sizeof(licence_state), set by the caller */
    int32_t standing; /* LICENCE_HELD, LICENCE_GRACE or LICENCE_GONE_STATE */
    int32_t why;      /* LICENCE_END_...; of a lease that is gone */
    int64_t left_ms;  /* until held or grace is over, if nothing is heard */
    int64_t number;   /* licence number, as the administrator sees it */
    int64_t seat;     /* from 1; 0 = uncounted */
    char licence[65];
    char key[65];
} licence_state;

/* Makes a client; asks nobody. *client is NULL after an error. Errors: LICENCE_BAD_FIELD,
 * LICENCE_SYSTEM. */
LICENCE_API int licence_open(const licence_options* options, licence_client** client);

/* Takes a licence; *lease is its number, 0 after an error. What is lent is checked up to
 * vendor_root. A licence that this client holds already is given as it is. Waits time_limit_ms at
 * most, and some seconds for an answer under way. Lost connections are tried again within it.
 * Errors: all but LICENCE_GONE. */
LICENCE_API int licence_acquire(licence_client* client, const licence_wish* wish, int64_t* lease);

/* The place in the line of the last acquire that returned LICENCE_NO_SEAT after waiting, from 1;
 * 0 = none. */
LICENCE_API int licence_place(licence_client* client, int64_t* place);

/* The program is being used: call it with every sale or key stroke; it costs nothing. lease 0: all
 * of this client. Without it a lease becomes idle and whoever waits gets it. */
LICENCE_API int licence_used(licence_client* client, int64_t lease);

/* How a lease stands now. Asks nobody. A lease that is not known is gone. Errors:
 * LICENCE_BAD_FIELD. */
LICENCE_API int licence_status(licence_client* client, int64_t lease, licence_state* state);

/* Shows the server that the program lives; *next_ms says when to call it again (after an error
 * too). Only without beats_itself. Errors: LICENCE_NO_SERVER, LICENCE_BUSY, LICENCE_WRONG_SERVER,
 * LICENCE_NOT_BELIEVED, LICENCE_SYSTEM, LICENCE_OTHER; the leases run on to their end. */
LICENCE_API int licence_beat(licence_client* client, int64_t time_limit_ms, int64_t* next_ms);

/* Gives a lease back; it is gone here whatever is returned. Errors: as licence_beat; then the
 * server is told by a later beat. */
LICENCE_API int licence_release(licence_client* client, int64_t lease, int64_t time_limit_ms);

/* Gives everything back and frees the handle. Waits two seconds at most for the server, and for a
 * beat under way. NULL is fine. */
LICENCE_API void licence_close(licence_client* client);

/* The sentence of this thread's last call that failed, English, for a log or a details box; valid
 * until this thread's next call. */
LICENCE_API const char* licence_error_text(void);

/* What a user should do about a result, one English sentence. Never NULL. */
LICENCE_API const char* licence_advice(int result);

/* "LICENCE_NO_SEAT" and so on. Never NULL. */
LICENCE_API const char* licence_result_name(int result);

#ifdef __cplusplus
}
#endif
