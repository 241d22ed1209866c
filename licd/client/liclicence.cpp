#include "licd/client/liclicence.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "hal/base/text.h"
#include "hal/os/boot_clock.h"
#include "licd/client/beat_thread.h"
#include "licd/client/licence_client.h"

namespace client = tillhost::licd::client;
namespace base = tillhost::base;
namespace os = tillhost::os;

/// What the handle stands for.
struct licence_client {
    os::BootClock clock{};
    std::unique_ptr<client::LicenceClient> client{};
    std::unique_ptr<client::BeatThread> beats{};
    std::atomic<std::int64_t> place{0};
};

namespace {

using base::ErrorCode;
using std::chrono::milliseconds;

constexpr std::int64_t kTryAgainMs = 2'000;
constexpr std::int64_t kTimeLimitMsMax = 3'600'000;

/// Of the calls of one thread, as errno is.
std::string& last_text() {
    thread_local std::string text;
    return text;
}

int failed(int result, std::string text) {
    last_text() = std::move(text);
    return result;
}

int result_of(ErrorCode code) {
    static constexpr std::array<std::pair<ErrorCode, int>, 27> kTable{{
        {ErrorCode::bad_field, LICENCE_BAD_FIELD},
        {ErrorCode::no_daemon, LICENCE_NO_SERVER},
        {ErrorCode::link_lost, LICENCE_NO_SERVER},
        {ErrorCode::deadline_passed, LICENCE_NO_SERVER},
        {ErrorCode::no_session, LICENCE_NO_SERVER},
        {ErrorCode::stale_session, LICENCE_NO_SERVER},
        {ErrorCode::no_seat, LICENCE_NO_SEAT},
        {ErrorCode::licence_unknown, LICENCE_UNKNOWN},
        {ErrorCode::licence_expired, LICENCE_EXPIRED},
        {ErrorCode::key_off, LICENCE_KEY_OFF},
        {ErrorCode::key_revoked, LICENCE_KEY_OFF},
        {ErrorCode::dongle_missing, LICENCE_KEY_OFF},
        {ErrorCode::key_other_machine, LICENCE_KEY_OFF},
        {ErrorCode::access_code_wrong, LICENCE_CODE_WRONG},
        {ErrorCode::clock_suspect, LICENCE_CLOCK_WRONG},
        {ErrorCode::key_foreign, LICENCE_NOT_BELIEVED},
        {ErrorCode::key_damaged, LICENCE_NOT_BELIEVED},
        {ErrorCode::wrong_host_key, LICENCE_WRONG_SERVER},
        {ErrorCode::not_encrypted, LICENCE_WRONG_SERVER},
        {ErrorCode::retry_later, LICENCE_BUSY},
        {ErrorCode::shutting_down, LICENCE_BUSY},
        {ErrorCode::lease_gone, LICENCE_GONE},
        {ErrorCode::too_large, LICENCE_TOO_MANY},
        {ErrorCode::system_failed, LICENCE_SYSTEM},
        {ErrorCode::config_invalid, LICENCE_SYSTEM},
        {ErrorCode::storage_full, LICENCE_SYSTEM},
        {ErrorCode::not_supported, LICENCE_NOT_FOR_VERSION},
    }};
    const auto* const found = std::find_if(kTable.begin(), kTable.end(),
                                           [code](const auto& row) { return row.first == code; });
    return found == kTable.end() ? LICENCE_OTHER : found->second;
}

int failed(const base::Error& error) { return failed(result_of(error.code), base::to_text(error)); }

/// The library is linked into programs that may know no exceptions: only lack of memory makes one.
template <class Body>
int guarded(Body body) {
    try {
        return body();
    } catch (const std::exception& fault) {
        return failed(LICENCE_SYSTEM, fault.what());
    }
}

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

os::Deadline within(const licence_client& handle, std::int64_t ms) {
    return handle.clock.now() + milliseconds(std::clamp<std::int64_t>(ms, 0, kTimeLimitMsMax));
}

client::ClientOptions options_of(const licence_options& given) {
    client::ClientOptions options{.program = text_of(given.program),
                                  .program_version = text_of(given.program_version),
                                  .product = text_of(given.product),
                                  .vendor_root = text_of(given.vendor_root),
                                  .instance = text_of(given.instance),
                                  .user = text_of(given.user),
                                  .computer = text_of(given.computer),
                                  .terminal_session = text_of(given.terminal_session),
                                  .group = text_of(given.group),
                                  .pins = text_of(given.pins)};
    if (given.servers != nullptr && *given.servers != '\0') {
        options.servers = given.servers;
    }
    return options;
}

template <std::size_t size>
void put(char (&to)[size], const std::string& text) {
    const std::string_view cut = base::cut_utf8(text, size - 1);
    std::memset(to, 0, size);
    std::memcpy(to, cut.data(), cut.size());
}

int standing_of(client::Standing standing) {
    switch (standing) {
        case client::Standing::held: return LICENCE_HELD;
        case client::Standing::grace: return LICENCE_GRACE;
        case client::Standing::gone: return LICENCE_GONE_STATE;
    }
    return LICENCE_GONE_STATE;
}

void fill(licence_state& state, const client::LeaseStatus& status) {
    state.standing = standing_of(status.standing);
    state.why = LICENCE_END_NONE;
    if (status.standing == client::Standing::gone) {
        // The numbers of the contract are those of the header.
        state.why = status.why ? static_cast<int>(*status.why) : LICENCE_END_UNKNOWN;
    }
    state.left_ms = std::chrono::duration_cast<milliseconds>(status.left).count();
    state.number = status.number;
    state.seat = status.seat;
    put(state.licence, status.licence);
    put(state.key, status.key);
}

client::LeaseId id_of(std::int64_t lease) {
    return client::LeaseId{static_cast<std::uint64_t>(lease)};
}

struct Row {
    const char* name;
    const char* advice;
};

constexpr std::array<Row, 17> kRows{{
    {"LICENCE_OK", "Nothing to do."},
    {"LICENCE_BAD_FIELD", "This is a fault of the program: tell its vendor."},
    {"LICENCE_NO_SERVER", "Check that the licence server runs and the network is there."},
    {"LICENCE_NO_SEAT", "Close the program where it is not needed, or wait until a place is free."},
    {"LICENCE_UNKNOWN",
     "Install the key for this program on the licence server, enter its access code if it has "
     "one, or buy a key."},
    {"LICENCE_EXPIRED", "Ask the vendor for a new licence."},
    {"LICENCE_KEY_OFF", "Look at the keys of the licence server: it says why and what to do."},
    {"LICENCE_CODE_WRONG", "Enter the access code of the key in the program's settings."},
    {"LICENCE_CLOCK_WRONG", "Set the clock of the licence server."},
    {"LICENCE_NOT_BELIEVED",
     "What answers is no true licence server of this vendor: tell the "
     "administrator."},
    {"LICENCE_WRONG_SERVER",
     "If the licence server was set up anew, remove it from the file of "
     "pinned servers; else tell the administrator."},
    {"LICENCE_BUSY", "Try again in a moment."},
    {"LICENCE_GONE", "Take the licence anew."},
    {"LICENCE_TOO_MANY", "This is a fault of the program: tell its vendor."},
    {"LICENCE_SYSTEM", "Look at the details; the computer refuses the program something."},
    {"LICENCE_OTHER", "Look at the details, and tell the vendor."},
    {"LICENCE_NOT_FOR_VERSION",
     "The licence is for other versions of the program: install one of them, or ask the vendor for "
     "a new key."},
}};

const Row& row_of(int result) {
    const bool is_known = result >= 0 && result < static_cast<int>(kRows.size());
    return kRows.at(static_cast<std::size_t>(is_known ? result : LICENCE_OTHER));
}

int open_client(const licence_options& given, licence_client*& made) {
    auto handle = std::make_unique<licence_client>();
    auto opened = client::LicenceClient::open(options_of(given), handle->clock);
    if (!opened) {
        return failed(opened.error());
    }
    handle->client = std::move(*opened);
    if (given.beats_itself != 0) {
        auto beats = client::BeatThread::start(*handle->client, handle->clock);
        if (!beats) {
            return failed(beats.error());
        }
        handle->beats = std::move(*beats);
    }
    made = handle.release();
    return LICENCE_OK;
}

int acquire(licence_client& handle, const licence_wish& wish, std::int64_t& lease) {
    client::Wanted wanted{
        .licence = text_of(wish.licence),
        .key = text_of(wish.key),
        .access_code = text_of(wish.access_code),
        .wait = milliseconds(std::clamp<std::int64_t>(wish.wait_ms, 0, kTimeLimitMsMax)),
        .keep_place = wish.keep_place != 0};
    handle.place = 0;
    wanted.watch = [&handle](const client::Place& place) {
        handle.place = place.place;
        return true;
    };
    const auto taken = handle.client->acquire(wanted, within(handle, wish.time_limit_ms));
    if (!taken) {
        return failed(taken.error());
    }
    handle.place = 0;
    lease = static_cast<std::int64_t>(taken->value);
    if (handle.beats) {
        handle.beats->hurry();
    }
    return LICENCE_OK;
}

}  // namespace

extern "C" {

int licence_open(const licence_options* options, licence_client** handle) {
    if (handle == nullptr) {
        return failed(LICENCE_BAD_FIELD, "client: not NULL");
    }
    *handle = nullptr;
    if (options == nullptr || options->size < sizeof *options) {
        return failed(LICENCE_BAD_FIELD, "options: with size set to sizeof(licence_options)");
    }
    return guarded([&] { return open_client(*options, *handle); });
}

int licence_acquire(licence_client* handle, const licence_wish* wish, std::int64_t* lease) {
    if (lease != nullptr) {
        *lease = 0;
    }
    if (handle == nullptr || lease == nullptr || wish == nullptr || wish->size < sizeof *wish) {
        return failed(LICENCE_BAD_FIELD,
                      "client, lease and wish: not NULL, size set to sizeof(licence_wish)");
    }
    return guarded([&] { return acquire(*handle, *wish, *lease); });
}

int licence_place(licence_client* handle, std::int64_t* place) {
    if (handle == nullptr || place == nullptr) {
        return failed(LICENCE_BAD_FIELD, "client and place: not NULL");
    }
    *place = handle->place;
    return LICENCE_OK;
}

int licence_used(licence_client* handle, std::int64_t lease) {
    if (handle == nullptr || lease < 0) {
        return failed(LICENCE_BAD_FIELD, "client: not NULL; lease: a lease, or 0");
    }
    return guarded([&] {
        if (lease == 0) {
            handle->client->used();
        } else {
            handle->client->used(id_of(lease));
        }
        return LICENCE_OK;
    });
}

int licence_status(licence_client* handle, std::int64_t lease, licence_state* state) {
    if (handle == nullptr || state == nullptr || state->size < sizeof *state) {
        return failed(LICENCE_BAD_FIELD,
                      "client and state: not NULL, size set to sizeof(licence_state)");
    }
    return guarded([&] {
        fill(*state, handle->client->status(id_of(lease)));
        return LICENCE_OK;
    });
}

int licence_beat(licence_client* handle, std::int64_t time_limit_ms, std::int64_t* next_ms) {
    if (handle == nullptr || next_ms == nullptr || handle->beats) {
        return failed(LICENCE_BAD_FIELD, "client, next_ms: not NULL; not with beats_itself");
    }
    *next_ms = kTryAgainMs;
    return guarded([&] {
        const auto next = handle->client->beat(within(*handle, time_limit_ms));
        if (!next) {
            return failed(next.error());
        }
        *next_ms = std::chrono::duration_cast<milliseconds>(*next).count();
        return static_cast<int>(LICENCE_OK);
    });
}

int licence_release(licence_client* handle, std::int64_t lease, std::int64_t time_limit_ms) {
    if (handle == nullptr) {
        return failed(LICENCE_BAD_FIELD, "client: not NULL");
    }
    return guarded([&] {
        const auto done = handle->client->release(id_of(lease), within(*handle, time_limit_ms));
        return done ? static_cast<int>(LICENCE_OK) : failed(done.error());
    });
}

void licence_close(licence_client* handle) {
    guarded([&] {
        const std::unique_ptr<licence_client> owned(handle);
        return LICENCE_OK;
    });
}

const char* licence_error_text(void) { return last_text().c_str(); }
const char* licence_advice(int result) { return row_of(result).advice; }
const char* licence_result_name(int result) { return row_of(result).name; }

}  // extern "C"
