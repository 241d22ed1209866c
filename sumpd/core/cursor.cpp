#include "sumpd/core/cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "hal/base/bytes.h"
#include "hal/os/digest.h"

namespace tillhost::sumpd::core {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kHashDigits = 16;
constexpr std::size_t kCheckDigits = 8;
constexpr char kBetween = '|';

std::string digest(std::string_view text, std::size_t digits) {
    return os::sha256_hex(base::bytes_of(text)).substr(0, digits);
}

std::string to_base64url(std::string_view bytes) {
    std::string text;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char byte : bytes) {
        bits = (bits << 8U) | static_cast<unsigned char>(byte);
        held += 8;
        while (held >= 6) {
            held -= 6;
            text += kAlphabet[(bits >> held) & 63U];
        }
    }
    if (held > 0) {
        text += kAlphabet[(bits << (6 - held)) & 63U];
    }
    return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
    std::string bytes;
    unsigned bits = 0;
    unsigned held = 0;
    for (const char letter : text) {
        const std::size_t place = kAlphabet.find(letter);
        if (place == std::string_view::npos) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<unsigned>(place);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes += static_cast<char>((bits >> held) & 255U);
        }
    }
    return bytes;
}

std::string plain(const Cursor& cursor) {
    const std::string begun = cursor.begun_at == 0 ? "" : fmt::format("{}|", cursor.begun_at);
    return fmt::format("{}|{}|{}|{}", cursor.epoch, cursor.seq, cursor.scope_hash, begun);
}

/// What stands up to the next bar.
std::string_view take_field(std::string_view& rest) {
    const std::size_t end = std::min(rest.find(kBetween), rest.size());
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return field;
}

}  // namespace

std::string scope_hash_of(const std::string& store_id,
                          const std::vector<exchange::KindWanted>& kinds) {
    std::vector<std::string> words;
    for (const exchange::KindWanted& kind : kinds) {
        words.push_back(
            fmt::format("{}:{} {}\n", kind.name.size(), kind.name, kind.schema_version));
    }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    std::string all = store_id + '\0';
    for (const std::string& word : words) {
        all += word;
    }
    return digest(all, kHashDigits);
}

std::string to_text(const Cursor& cursor) {
    const std::string text = plain(cursor);
    return to_base64url(text + digest(text, kCheckDigits));
}

exchange::Outcome<Cursor> cursor_from(std::string_view text) {
    const auto refused = exchange::refuse(exchange::FaultCode::bad_request,
                                          "cursor: a text that GetChanges gave, or none");
    const auto bytes =
        text.size() <= exchange::kCursorMax ? from_base64url(text) : std::optional<std::string>();
    if (!bytes) {
        return refused;
    }
    std::string_view rest = *bytes;
    Cursor cursor;
    cursor.epoch = take_field(rest);
    const std::string_view number = take_field(rest);
    cursor.scope_hash = take_field(rest);
    std::from_chars(number.data(), number.data() + number.size(), cursor.seq);
    if (rest.find(kBetween) != std::string_view::npos) {
        const std::string_view begun = take_field(rest);
        std::from_chars(begun.data(), begun.data() + begun.size(), cursor.begun_at);
    }
    // Only what to_text() writes: that is what the whole comparison says of number, bars, checksum
    // and stray bits at once.
    if (cursor.epoch.size() > kEpochMax || cursor.seq < 0 || cursor.begun_at < 0 ||
        to_text(cursor) != text) {
        return refused;
    }
    return cursor;
}

exchange::Outcome<std::int64_t> place_of(const Cursor& cursor, const std::string& epoch,
                                         const std::string& scope_hash, std::int64_t newest) {
    if (cursor.epoch != epoch || cursor.seq > newest) {
        return exchange::refuse(exchange::FaultCode::resync_required,
                                "the server's numbering began anew: read all without a cursor");
    }
    if (cursor.scope_hash != scope_hash) {
        return exchange::refuse(exchange::FaultCode::resync_required,
                                "the store or the kinds are others: read all without a cursor");
    }
    return cursor.seq;
}

exchange::Outcome<void> check_floor(const Cursor& cursor, std::int64_t floor) {
    if (std::max(cursor.seq, cursor.begun_at) < floor) {
        return exchange::refuse(exchange::FaultCode::resync_required,
                                "the app was away for too long: read all without a cursor");
    }
    return {};
}

}  // namespace tillhost::sumpd::core
