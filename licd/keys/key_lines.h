#pragma once

#include "licd/keys/key_file.h"

// The lines of a key one by one; used by key_file.cpp only.
namespace tillhost::licd::keys {

/// Whose lines are checked, and against which file.
struct Signer {
    os::PublicKey key;
    std::string file_id;
    std::string serial;
};

/// F: what the other lines are judged by. Errors: key_damaged, wrong_version.
struct Heading {
    std::size_t lines = 0;
    std::size_t slots = 0;
};
base::Result<Heading> read_heading(const Fields& fields, KeyContent& content);
std::string write_heading(const KeyContent& content);

/// B, with the traits of a bound key. Errors: as above.
base::Done read_binding(const Fields& fields, KeyContent& content, TraitDigests& traits);
std::string write_binding(const KeyContent& content);

base::Done read_terms(const Fields& fields, Terms& terms);
std::string write_terms(const Terms& terms);

base::Result<PinSlot> read_slot(const Fields& fields, std::size_t place);
std::string write_slot(const PinSlot& slot);

base::Done read_activation(const Fields& fields, Activation& activation);
std::string write_activation(const Activation& activation);

/// The seal, before its signature.
struct Seal {
    os::PublicKey server;
    std::string product;
    std::int64_t issued_s = 0;
};
base::Result<Seal> read_seal(std::string_view text, std::size_t line_number);
std::string write_seal(const Seal& seal);

base::Result<os::PublicKey> need_key(const Fields& fields, std::string_view name);
std::string key_text(const os::PublicKey& key);

}  // namespace tillhost::licd::keys
