#include "sumpd/apps/tokens.h"

#include "hal/base/bytes.h"
#include "hal/os/digest.h"
#include "hal/os/random.h"

namespace tillhost::sumpd::apps {

namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kShortLetters = 26;   // 130 bits
constexpr std::size_t kLongLetters = 52;    // 260 bits
constexpr std::size_t kLettersOfWord = 12;  // 60 of 64 random bits

std::string_view prefix_of(TokenKind kind) {
    switch (kind) {
        case TokenKind::enrolment: return "te-";
        case TokenKind::device: return "td-";
        case TokenKind::session: return "ts-";
        case TokenKind::web: return "tw-";
    }
    return "";
}

std::size_t letters_of(TokenKind kind) {
    return kind == TokenKind::enrolment ? kShortLetters : kLongLetters;
}

}  // namespace

std::string make_token(TokenKind kind) {
    std::string token(prefix_of(kind));
    const std::size_t size = token.size() + letters_of(kind);
    while (token.size() < size) {
        std::uint64_t word = os::random_u64();
        for (std::size_t i = 0; i < kLettersOfWord && token.size() < size; ++i, word >>= 5) {
            token += kAlphabet[word & 31];
        }
    }
    return token;
}

std::optional<TokenKind> token_kind(std::string_view text) {
    for (const TokenKind kind :
         {TokenKind::enrolment, TokenKind::device, TokenKind::session, TokenKind::web}) {
        if (text.starts_with(prefix_of(kind))) {
            return kind;
        }
    }
    return std::nullopt;
}

std::string digest_of_token(std::string_view token) {
    return os::sha256_hex(base::bytes_of(token));
}

}  // namespace tillhost::sumpd::apps
