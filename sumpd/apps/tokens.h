#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tillhost::sumpd::apps {

/// What a token is for, told by its first letters; so that one pasted in the wrong place is known.
enum class TokenKind : std::uint8_t { enrolment, device, session, web };

/// A new secret of 130 (enrolment: it is typed where no camera is) or 260 random bits: a prefix and
/// letters and digits of base32 (RFC 4648, section 6), in lower case.
std::string make_token(TokenKind kind);
/// What a text would be a token for, by its first letters; nothing if it is none of ours.
std::optional<TokenKind> token_kind(std::string_view text);
/// SHA-256 as hex digits: what is kept instead of the token.
std::string digest_of_token(std::string_view token);

}  // namespace tillhost::sumpd::apps
