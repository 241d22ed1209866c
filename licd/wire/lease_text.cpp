#include "licd/wire/lease_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "hal/base/text.h"

namespace tillhost::licd::wire {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::string_view kFirstLine = "licd-lease-1";

Done check_number(std::string_view name, std::int64_t value, std::int64_t least,
                  std::int64_t most) {
    if (value < least || value > most) {
        return base::bad_field(fmt::format("lease.{}", name), fmt::format("{} to {}", least, most));
    }
    return {};
}

Done check_name(std::string_view name, std::string_view value, std::size_t least) {
    const bool has_control = std::any_of(value.begin(), value.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (value.size() < least || value.size() > kLeaseNameBytesMax || has_control ||
        !base::is_utf8(value)) {
        return base::bad_field(
            fmt::format("lease.{}", name),
            fmt::format("{} to {} bytes of text in one line", least, kLeaseNameBytesMax));
    }
    return {};
}

Done check(const LeaseText& lease) {
    TRY(check_number("number", lease.number, 1, kLeaseNumberMax));
    TRY(check_name("licence", lease.licence, 1));
    TRY(check_name("key", lease.key, 1));
    TRY(check_number("seat", lease.seat, 0, kSeatMax));
    TRY(check_number("generation", lease.generation, 1, kLeaseNumberMax));
    TRY(check_name("instance", lease.instance, kInstanceBytesMin));
    if (lease.request.is_nil()) {
        return base::bad_field("lease.request", "a UUID of version 7");
    }
    TRY(check_number("renewal", lease.renewal, 0, kLeaseNumberMax));
    TRY(check_number("time_s", lease.time_s, 1, kLeaseSecondsMax));
    return check_number("grace_s", lease.grace_s, 0, kLeaseSecondsMax);
}

/// Takes "name=value" and its line end off the front.
class Lines final {
public:
    explicit Lines(std::string_view text) : rest_(text) {}

    std::optional<std::string_view> line() {
        const std::size_t end = rest_.find('\n');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view taken = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return taken;
    }
    Result<std::string_view> value(std::string_view name) {
        const auto taken = line();
        if (!taken || !taken->starts_with(name) || taken->size() == name.size() ||
            (*taken)[name.size()] != '=') {
            return make_error(ErrorCode::malformed,
                              fmt::format("the lease has no line {}= where it belongs", name));
        }
        return taken->substr(name.size() + 1);
    }
    Result<std::int64_t> number(std::string_view name) {
        const std::string_view digits = TRY(value(name));
        std::int64_t read = 0;
        const char* const end = digits.data() + digits.size();
        const auto [next, error] = std::from_chars(digits.data(), end, read);
        const bool has_leading_zero = digits.size() > 1 && digits.front() == '0';
        if (error != std::errc() || next != end || read < 0 || has_leading_zero ||
            digits.front() == '-') {
            return base::bad_field(fmt::format("lease.{}", name), "a whole number");
        }
        return read;
    }
    bool at_end() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

}  // namespace

Result<std::string> LeaseText::text() const {
    TRY(check(*this));
    return fmt::format(
        "{}\nnumber={}\nlicence={}\nkey={}\nseat={}\ngeneration={}\ninstance={}\nrequest={}\n"
        "renewal={}\ntime_s={}\ngrace_s={}\n",
        kFirstLine, number, licence, key, seat, generation, instance, request.to_text(), renewal,
        time_s, grace_s);
}

Result<LeaseText> LeaseText::read(std::string_view text) {
    if (text.size() > kLeaseTextBytesMax) {
        return make_error(ErrorCode::too_large,
                          fmt::format("a lease has at most {} bytes", kLeaseTextBytesMax));
    }
    Lines lines(text);
    if (lines.line() != kFirstLine) {
        return make_error(ErrorCode::malformed,
                          fmt::format("a lease begins with the line {}", kFirstLine));
    }
    LeaseText lease;
    lease.number = TRY(lines.number("number"));
    lease.licence = TRY(lines.value("licence"));
    lease.key = TRY(lines.value("key"));
    lease.seat = TRY(lines.number("seat"));
    lease.generation = TRY(lines.number("generation"));
    lease.instance = TRY(lines.value("instance"));
    const std::string_view request = TRY(lines.value("request"));
    lease.request = TRY(base::OperationId::from_text(request));
    lease.renewal = TRY(lines.number("renewal"));
    lease.time_s = TRY(lines.number("time_s"));
    lease.grace_s = TRY(lines.number("grace_s"));
    if (!lines.at_end()) {
        return make_error(ErrorCode::malformed, "the lease goes on after grace_s=");
    }
    if (lease.request.to_text() != request) {
        return base::bad_field("lease.request", "a UUID in lower case");
    }
    TRY(check(lease));
    return lease;
}

}  // namespace tillhost::licd::wire
