#include "licd/client/lease_table.h"

#include <algorithm>
#include <utility>

namespace tillhost::licd::client {
namespace {

using contract::LicenceEnd;

os::Duration time_of(const CheckedLease& lease) { return std::chrono::seconds(lease.text.time_s); }
os::Duration grace_of(const CheckedLease& lease) {
    return std::chrono::seconds(lease.text.grace_s);
}

LeaseTable::Goodbye goodbye_to(const CheckedLease& lease) {
    return {lease.text.number, lease.text.generation, lease.text.request};
}

}  // namespace

void LeaseTable::look(Entry& entry, os::Instant now) {
    if (!entry.why && now >= entry.ends + grace_of(entry.lease)) {
        entry.why = LicenceEnd::expired;
    }
}

LeaseId LeaseTable::add(CheckedLease lease, os::Instant sent) {
    const LeaseId id{++last_id_};
    const os::Instant ends = sent + time_of(lease);
    leases_.emplace(id, Entry{.lease = std::move(lease), .ends = ends});
    return id;
}

std::optional<LeaseId> LeaseTable::find(const std::string& licence, const std::string& key,
                                        os::Instant now) {
    for (auto& [id, entry] : leases_) {
        look(entry, now);
        const wire::LeaseText& text = entry.lease.text;
        if (!entry.why && text.licence == licence && (key.empty() || text.key == key)) {
            return id;
        }
    }
    return std::nullopt;
}

LeaseStatus LeaseTable::status(LeaseId id, os::Instant now) {
    const auto at = leases_.find(id);
    if (at == leases_.end()) {
        return {};
    }
    Entry& entry = at->second;
    look(entry, now);
    const wire::LeaseText& text = entry.lease.text;
    LeaseStatus status{.licence = text.licence,
                       .key = text.key,
                       .number = text.number,
                       .seat = text.seat,
                       .why = entry.why};
    if (!entry.why) {
        const bool is_held = now < entry.ends;
        status.standing = is_held ? Standing::held : Standing::grace;
        status.left = is_held ? entry.ends - now : entry.ends + grace_of(entry.lease) - now;
    }
    return status;
}

std::vector<LeaseId> LeaseTable::ids() const {
    std::vector<LeaseId> ids;
    for (const auto& [id, entry] : leases_) {
        ids.push_back(id);
    }
    return ids;
}

void LeaseTable::used() {
    for (auto& [id, entry] : leases_) {
        ++entry.used;
    }
}

void LeaseTable::used(LeaseId id) {
    if (const auto at = leases_.find(id); at != leases_.end()) {
        ++at->second.used;
    }
}

std::vector<contract::LicenceBeat> LeaseTable::beats(os::Instant now) {
    std::vector<contract::LicenceBeat> beats;
    for (auto& [id, entry] : leases_) {
        look(entry, now);
        if (!entry.why) {
            const wire::LeaseText& text = entry.lease.text;
            beats.push_back({text.number, text.generation, entry.used});
        }
    }
    return beats;
}

LeaseTable::Entry* LeaseTable::entry_of(std::int64_t number) {
    const auto found = std::find_if(leases_.begin(), leases_.end(), [number](const auto& one) {
        return one.second.lease.text.number == number;
    });
    return found == leases_.end() ? nullptr : &found->second;
}

LeaseTable::Heard LeaseTable::hear(const contract::BeatLicencesReply& reply, os::Instant sent,
                                   os::Instant now) {
    Heard heard;
    for (const contract::LicenceBeatAnswer& answer : reply.leases) {
        Entry* entry = entry_of(answer.number);
        if (entry == nullptr) {
            continue;
        }
        look(*entry, now);
        if (answer.ended) {
            entry->why = entry->why.value_or(*answer.ended);
            entry->server_knows = true;
            if (*answer.ended == LicenceEnd::revoked || *answer.ended == LicenceEnd::idle ||
                *answer.ended == LicenceEnd::key) {
                // Its seat waits for this word.
                heard.goodbyes.push_back(goodbye_to(entry->lease));
            }
            continue;
        }
        if (entry->why) {
            continue;  // too late; the goodbye comes when the program removes it
        }
        if (answer.renewed) {
            auto text = check_renewal(entry->lease, *answer.renewed);
            if (text) {
                entry->lease.text = std::move(*text);
                entry->ends = sent + time_of(entry->lease);
                continue;
            }
            heard.disbelief = heard.disbelief.value_or(text.error());
        }
        if (sent >= entry->ends) {
            // A server that is there and does not renew: the grace is not for this.
            entry->why = LicenceEnd::key;
        }
    }
    return heard;
}

std::optional<LeaseTable::Goodbye> LeaseTable::remove(LeaseId id) {
    const auto at = leases_.find(id);
    if (at == leases_.end()) {
        return std::nullopt;
    }
    const Entry entry = std::move(at->second);
    leases_.erase(at);
    return entry.server_knows ? std::nullopt : std::optional(goodbye_to(entry.lease));
}

}  // namespace tillhost::licd::client
