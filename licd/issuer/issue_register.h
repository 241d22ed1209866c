#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "licd/issuer/issue_journal.h"
#include "licd/keys/revocations.h"

// What the records of the journal add up to. Each kind of record is written and read here only.
namespace tillhost::licd::issuer {

struct InitRecord {
    std::int64_t at_s = 0;
    std::string root_id;
};
struct IssuerRecord {
    std::int64_t at_s = 0;
    std::string id;
    std::string name;
    std::int64_t until_s = 0;
    std::vector<std::string> products;
};
struct AnswerRecord {
    std::int64_t at_s = 0;
    std::string serial;
    int slot = 0;
    std::string request_id;
    std::string request_sha256;
    std::int64_t revision = 0;
    keys::TraitDigests traits;
    std::string file;  ///< SHA-256 of the answer
};
struct KeyRecord {
    std::int64_t at_s = 0;
    std::string serial;
    std::string product;
    std::string kind;
    std::int64_t lines = 0;
    std::int64_t slots = 0;
    std::string file;  ///< SHA-256 of the blank key
    // Of a dongle's key; else empty.
    std::string credential{};   ///< SHA-256 of its id
    std::string aaguid{};       ///< make and model
    std::string attestation{};  ///< who vouches for it: its "maker", or it "self"
};
struct RevisionRecord {
    std::int64_t at_s = 0;
    std::string serial;
    std::int64_t revision = 0;
    std::int64_t lines = 0;
    std::string file;  ///< SHA-256 of the key
};
struct RevocationRecord {
    std::int64_t at_s = 0;
    std::int64_t number = 0;  ///< of the list that it made
    std::string file;         ///< SHA-256 of the list
    std::string serial;       ///< or
    std::string issuer_id;
};

std::string write(const InitRecord& record);
std::string write(const IssuerRecord& record);
std::string write(const KeyRecord& record);
std::string write(const RevisionRecord& record);
std::string write(const AnswerRecord& record);
std::string write(const RevocationRecord& record);

class IssueRegister final {
public:
    /// Errors: storage_failed (a record that this version does not understand).
    base::Done take(const IssueJournal::Record& record);

    struct Key {
        KeyRecord record;
        std::vector<AnswerRecord> answers{};      ///< in their order
        std::vector<RevisionRecord> revisions{};  ///< the same

        const std::string& newest_file() const;  ///< blank, or the last revision
        std::int64_t revision() const;           ///< the greatest given out
        /// The one that spent the slot, by whose traits all later ones are judged: a machine cannot
        /// be replaced plank by plank. Nothing: free.
        const AnswerRecord* first_of(int slot) const;
        const AnswerRecord* of_request(std::string_view request_id) const;
    };

    const std::string& root_id() const { return root_id_; }  ///< empty before init
    const std::vector<IssuerRecord>& issuers() const { return issuers_; }
    const std::map<std::string, Key>& keys() const { return keys_; }
    const Key* find(std::string_view serial) const;
    bool is_revoked(std::string_view serial) const;
    const std::vector<RevocationRecord>& revocations() const { return revocations_; }
    std::int64_t last_at_s() const { return last_at_s_; }

private:
    base::Done take_fields(const keys::Fields& fields);
    base::Done take_answer(const keys::Fields& fields);
    base::Done take_revision(const keys::Fields& fields);

    std::string root_id_;
    std::vector<IssuerRecord> issuers_;
    std::map<std::string, Key> keys_;
    std::vector<RevocationRecord> revocations_;
    std::int64_t last_at_s_ = 0;
};

}  // namespace tillhost::licd::issuer
