// Claim: what came to its end, what was refused and who had which device stands in the audit, in
// the same change of the book as what it tells; the records form a chain in which any other text
// shows, over restarts too. Shown on the core with a store that keeps its changes.
#include "devd/core/audit.h"

#include "devd/core/test/rig.h"
#include "ipc/json.h"

namespace tillhost::devd::core {
namespace {

using contract::AuditKind;
using contract::RequestKind;

std::vector<AuditRow> rows_of(const FakeStore& store) {
    std::vector<AuditRow> rows;
    for (const BookChange& change : store.changes) {
        rows.insert(rows.end(), change.audit.begin(), change.audit.end());
    }
    return rows;
}

contract::AuditRecord read(const AuditRow& row) {
    const auto value = ipc::from_json(row.text);
    EXPECT_TRUE(value.has_value()) << row.text;
    auto record = contract::from_value<contract::AuditRecord>(*value);
    EXPECT_TRUE(record.has_value()) << row.text;
    return record ? *record : contract::AuditRecord{};
}

/// The number of the first row that does not fit; 0 = all do.
std::uint64_t broken_at(const std::vector<AuditRow>& rows) {
    AuditTip tip;
    for (const AuditRow& row : rows) {
        if (row.number != tip.number + 1 || row.hash != audit_hash(tip.hash, row.text)) {
            return row.number;
        }
        tip = {row.number, row.hash};
    }
    return 0;
}

TEST(AuditTest, ASaleIsThereWithItsSumAndItsDocument) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale(1234);
    rig.finish(id, Rig::result(77));
    const auto rows = rows_of(rig.store);
    const auto record = read(rows.back());
    EXPECT_EQ(record.kind, AuditKind::settled);
    EXPECT_EQ(record.who, "till");
    EXPECT_EQ(record.device, "fr");
    EXPECT_EQ(record.operation_id, id);
    EXPECT_EQ(record.action, "receipt");
    EXPECT_EQ(record.amount_minor, 1234);
    EXPECT_EQ(record.currency, "RUB");
    EXPECT_EQ(record.outcome, "done");
    EXPECT_EQ(record.fiscal_document_number, 77);
    EXPECT_EQ(broken_at(rows), 0U);
}

TEST(AuditTest, ARecordStandsInTheChangeItTells) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    rig.finish(id, Rig::result());
    int ends = 0;
    for (const BookChange& change : rig.store.changes) {
        const bool ended = !change.put.empty() && change.put[0].id == id &&
                           is_final(change.put[0].state) && !change.put[0].acknowledged;
        if (ended) {
            ++ends;
            ASSERT_EQ(change.audit.size(), 1U);
            EXPECT_EQ(read(change.audit[0]).operation_id, id);
        }
    }
    EXPECT_EQ(ends, 1);
}

TEST(AuditTest, APersonsWordIsThereWithTheirNote) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    rig.gone();
    contract::DecideRequest word;
    word.session = rig.session;
    word.operation_id = id;
    word.version = rig.look(id).version;
    word.verdict = contract::Verdict::not_executed;
    word.note = "no paper came";
    Rig::ok<contract::Operation>(rig.ask(rig.peer, RequestKind::decide, contract::to_value(word)));
    const auto record = read(rows_of(rig.store).back());
    EXPECT_EQ(record.kind, AuditKind::decided);
    EXPECT_EQ(record.outcome, "failed");
    EXPECT_EQ(record.note, "no paper came");
    EXPECT_EQ(record.who, "till");
    EXPECT_EQ(record.by, "till") << "who said it";
}

TEST(AuditTest, EveryChangeOfTheTextShows) {
    Rig rig;
    rig.open_device();
    for (int i = 0; i < 3; ++i) {
        const auto id = rig.new_id();
        rig.submit(rig.sale(id, 100 + i));
        rig.of_operation(RequestKind::cancel, id);
    }
    const auto rows = rows_of(rig.store);
    ASSERT_GE(rows.size(), 4U);
    for (std::size_t at = 0; at < rows.size(); ++at) {
        auto other = rows;
        other[at].text[other[at].text.size() / 2] ^= 1;
        EXPECT_EQ(broken_at(other), rows[at].number);
        auto without = rows;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(at));
        const bool last = at + 1 == rows.size();
        EXPECT_EQ(broken_at(without), last ? 0U : rows[at + 1].number);
    }
}

TEST(AuditTest, TheChainGoesOnOverARestart) {
    Rig rig;
    const auto before = rows_of(rig.store);
    Rig again(rig.store.image());
    auto all = before;
    const auto behind = rows_of(again.store);
    all.insert(all.end(), behind.begin(), behind.end());
    EXPECT_GT(behind.size(), 0U);
    EXPECT_EQ(broken_at(all), 0U);
    EXPECT_EQ(read(behind[0]).kind, AuditKind::started);
}

class NobodyMay final : public AccessPort {
public:
    std::optional<Rights> rights_of(const ipc::PeerIdentity& identity) const override {
        return identity.key.empty() ? std::optional<Rights>({.role = contract::Role::administrator})
                                    : std::nullopt;
    }
};

TEST(AuditTest, RefusalsAreThereAndDoNotFillTheDisk) {
    const NobodyMay access;
    CoreOptions options;
    options.access = &access;
    Rig rig({}, options);
    const auto before = rows_of(rig.store).size();
    const ipc::PeerId stranger = rig.endpoint.connect({.key = "k", .address = "10.0.0.9"});
    for (int i = 0; i < 1000; ++i) {
        rig.ask(stranger, RequestKind::devices, contract::to_value(contract::Empty{}));
    }
    auto rows = rows_of(rig.store);
    EXPECT_EQ(rows.size(), before + kRefusalsPerMinuteMax);
    const auto record = read(rows.back());
    EXPECT_EQ(record.kind, AuditKind::refused);
    EXPECT_EQ(record.outcome, "not_paired");
    EXPECT_EQ(record.action, "devices");
    EXPECT_NE(record.who.find("10.0.0.9"), std::string::npos);
    rig.wait(std::chrono::minutes(1));
    rig.ask(stranger, RequestKind::devices, contract::to_value(contract::Empty{}));
    rows = rows_of(rig.store);
    EXPECT_EQ(read(rows[rows.size() - 2]).note, "940 more refusals");
    EXPECT_EQ(broken_at(rows), 0U);
}

TEST(AuditTest, ALeaseThatEndsWithItsConnectionIsThereAtOnce) {
    Rig rig;
    contract::TakeLeaseRequest take{rig.session, "fr", 5'000, false};
    Rig::ok<contract::Lease>(rig.ask(rig.peer, RequestKind::take_lease, contract::to_value(take)));
    rig.endpoint.disconnect(rig.peer, *rig.core);
    EXPECT_EQ(read(rows_of(rig.store).back()).outcome, "released");
}

TEST(AuditTest, LeasesAreThere) {
    Rig rig;
    contract::TakeLeaseRequest take{rig.session, "fr", 5'000, false};
    Rig::ok<contract::Lease>(rig.ask(rig.peer, RequestKind::take_lease, contract::to_value(take)));
    rig.wait(std::chrono::milliseconds(5'000));
    const auto rows = rows_of(rig.store);
    EXPECT_EQ(read(rows[rows.size() - 2]).outcome, "granted");
    EXPECT_EQ(read(rows.back()).outcome, "expired");
    EXPECT_EQ(read(rows.back()).who, "till");
}

}  // namespace
}  // namespace tillhost::devd::core
