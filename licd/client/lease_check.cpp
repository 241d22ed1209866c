#include "licd/client/lease_check.h"

#include <fmt/format.h>

#include "hal/base/bytes.h"
#include "licd/keys/base64.h"
#include "licd/keys/proof.h"

namespace tillhost::licd::client {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using wire::LeaseText;

base::Error not_ours(std::string_view what) {
    return make_error(ErrorCode::key_foreign,
                      fmt::format("the licence server's answer is not to be believed: {}", what));
}

Result<LeaseText> signed_text(const contract::LicenceLease& lease, const os::PublicKey& key) {
    const base::Bytes words = base::bytes_of(lease.signed_lease.text);
    if (!key.verifies(words, lease.signed_lease.signature)) {
        return not_ours("the lease is not signed by the server that the key names");
    }
    const LeaseText text = TRY(LeaseText::read(lease.signed_lease.text));
    // Beats go by what stands outside.
    if (text.number != lease.number || text.generation != lease.generation) {
        return not_ours("it says something else than what is signed");
    }
    return text;
}

Done check_asked(const LeaseText& lease, const Asked& asked) {
    if (lease.licence != asked.licence || (!asked.key.empty() && lease.key != asked.key)) {
        return not_ours("it lends another licence");
    }
    if (lease.instance != asked.instance) {
        return not_ours("the lease is another program's");
    }
    if (lease.request != asked.request) {
        return not_ours("it answers another request");
    }
    return {};
}

}  // namespace

Result<CheckedLease> check_grant(const Trust& trust, const contract::LicenceGranted& granted,
                                 const Asked& asked, std::int64_t wall_s) {
    keys::Proof proof{.chain = {},
                      .file_id = granted.proof.file_id,
                      .serial = granted.lease.key,
                      .seal = granted.proof.seal,
                      .licence = granted.proof.line};
    for (const base::Bytes& issuer : granted.proof.issuers) {
        proof.chain.push_back(keys::to_base64(issuer));
    }
    const keys::ProvenLicence proven = TRY(keys::check_proof(trust.root, proof, trust.product));
    if (proven.word_at_s) {
        TRY(keys::check_word_age(*proven.word_at_s, wall_s));
    }
    const LeaseText text = TRY(signed_text(granted.lease, proven.server));
    TRY(check_asked(text, asked));
    if (proven.line.name != text.licence || proven.serial != text.key) {
        return not_ours("the key proves another licence than is lent");
    }
    return CheckedLease{text, proven.server};
}

Result<LeaseText> check_renewal(const CheckedLease& held, const contract::LicenceLease& renewed) {
    LeaseText text = TRY(signed_text(renewed, held.server_key));
    if (text.renewal <= held.text.renewal) {
        return not_ours("the renewal is an old one");
    }
    LeaseText same = text;
    same.renewal = held.text.renewal;
    same.time_s = held.text.time_s;  // an administrator may have changed them
    same.grace_s = held.text.grace_s;
    if (!(same == held.text)) {
        return not_ours("the renewal is of another lease");
    }
    return text;
}

Done Generations::take(const LeaseText& lease) {
    std::int64_t& newest = newest_[{lease.key, lease.licence}][lease.seat];
    if (lease.generation < newest) {
        return not_ours(fmt::format("seat {} was lent with generation {} before, not {}",
                                    lease.seat, newest, lease.generation));
    }
    newest = lease.generation;
    return {};
}

}  // namespace tillhost::licd::client
