// Claim: a marking code is checked, decided on and bound as the sheet writes it; the policy holds
// before any document is opened, and no text shows a code.
// Shown byte by byte on a scripted registrar.
#include "hal/drivers/fiscal/shtrih/marking.h"

#include "hal/drivers/fiscal/shtrih/resolve.h"
#include "hal/drivers/fiscal/shtrih/test/rig.h"
#include "hal/drivers/fiscal/shtrih/test/scripted.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Effect;
using base::ErrorCode;
using contract::MarkingOutcome;
using contract::MarkingPolicy;
using Strings = std::vector<std::string>;

constexpr std::string_view kSecret = "0104606203090002";

contract::Receipt marked(MarkingPolicy policy) {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    receipt.lines = {line("plain", 100), line("shoes", 4890)};
    receipt.lines[1].item_type = contract::ItemType::marked_goods;
    receipt.lines[1].marking = contract::Marking{base::bytes_of(kSecret)};
    receipt.payments = {{contract::PaymentKind::cash, 4990}};
    receipt.marking_policy = policy;
    return receipt;
}

/// FF61h finds `local`, the storage then tells `bits`.
void found(Scripted& device, const std::string& local, const std::string& bits) {
    device.say(Command::check_marking, local + " 00 01 00");
    device.say(Command::accept_marking, bits);
    device.say(Command::bind_marking, "00 00 01");
    device.answer(Command::open_document, [&device](base::ByteView) {
        device.in_document(0, 2, 4990);
        return "00 1E";
    });
    device.answer(Command::close_document, [&device](base::ByteView) {
        device.in_document(-1, 0, 0);
        return "00 00 00 00 00 00 08 00 00 00 B1 68 DE 3A 18 05 1F 0E 20";
    });
}

TEST(ShtrihMarking, ACheckedCodeIsAcceptedAndBoundToItsPosition) {
    Scripted device;
    ScriptedHost host(device);
    found(device, "03", "0F");
    device.say(Command::check_marking, "03 00 01 02 00 0F");
    const auto sold = host.execute(marked(MarkingPolicy::require_checked));
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    const std::string code = base::to_hex(base::bytes_of(kSecret));
    EXPECT_EQ(device.sent(Command::check_marking), Strings{"01 00 10 00 " + code});
    EXPECT_EQ(device.sent(Command::accept_marking), Strings{"01"});
    EXPECT_EQ(device.sent(Command::bind_marking), Strings{"10 " + code});
    EXPECT_EQ(device.sent(Command::operation_tag), Strings{"3C 08 01 00 00"}) << "its measure";
    const auto changes = device.changes();
    ASSERT_GE(changes.size(), 3U);
    EXPECT_EQ(changes[0], Command::check_marking);
    EXPECT_EQ(changes[1], Command::accept_marking);
    EXPECT_EQ(changes[2], Command::open_document);
    ASSERT_EQ(sold->markings.size(), 1U);
    EXPECT_EQ(sold->markings[0].line, 1);
    EXPECT_EQ(sold->markings[0].outcome, MarkingOutcome::checked);
    EXPECT_EQ(sold->markings[0].result_bits, 0x0F);
}

TEST(ShtrihMarking, ThePolicyIsObeyedBeforeAnyDocumentIsOpened) {
    const struct {
        const char* local;
        const char* bits;
        MarkingPolicy policy;
        bool sold;
        MarkingOutcome outcome;
    } rows[] = {
        {"03", "0F", MarkingPolicy::allow_unchecked, true, MarkingOutcome::checked},
        {"00", "00", MarkingPolicy::allow_unchecked, true, MarkingOutcome::not_checked},
        {"03", "03", MarkingPolicy::allow_unchecked, true, MarkingOutcome::not_checked},
        {"03", "13", MarkingPolicy::allow_unchecked, true, MarkingOutcome::not_checked},
        {"00", "00", MarkingPolicy::require_checked, false, MarkingOutcome::not_checked},
        {"01", "01", MarkingPolicy::allow_unchecked, false, MarkingOutcome::refused},
        {"01", "01", MarkingPolicy::require_checked, false, MarkingOutcome::refused},
        {"03", "0F", MarkingPolicy::require_checked, true, MarkingOutcome::checked},
    };
    for (const auto& row : rows) {
        Scripted device;
        ScriptedHost host(device);
        found(device, row.local, row.bits);
        if (row.policy == MarkingPolicy::require_checked && row.sold) {
            device.say(Command::check_marking, "03 00 01 02 00 0F");
        }
        const auto made = host.execute(marked(row.policy));
        ASSERT_EQ(made.has_value(), row.sold) << row.local << " " << row.bits;
        if (row.sold) {
            EXPECT_EQ(made->markings[0].outcome, row.outcome);
            continue;
        }
        EXPECT_EQ(made.error().effect, Effect::none);
        EXPECT_TRUE(made.error().detail.starts_with("lines[1].marking")) << made.error().detail;
        EXPECT_EQ(made.error().detail.find(kSecret), std::string::npos);
        EXPECT_EQ(device.sent(Command::accept_marking), Strings{"00"}) << "dropped";
        EXPECT_TRUE(device.sent(Command::open_document).empty());
        EXPECT_TRUE(host.records.all.empty()) << "no marker";
    }
}

TEST(ShtrihMarking, AMeasuredItemIsCheckedWithItsQuantity) {
    const contract::Marking milk{base::bytes_of("01"), contract::MarkingPlan::measured_sold};
    EXPECT_EQ(base::to_hex(marking_request(30, milk, 9'950'000, 41)),
              "FF 61 1E 00 00 00 02 00 02 0C 30 31 FF 03 03 00 02 E3 03 3C 08 01 00 29");
}

TEST(ShtrihMarking, TheResultsSurviveTheHostAsEvidence) {
    Scripted device;
    ScriptedHost host(device);
    found(device, "03", "0F");
    ASSERT_TRUE(host.execute(marked(MarkingPolicy::allow_unchecked)));
    ASSERT_GE(host.records.all.size(), 3U);
    EXPECT_TRUE(std::holds_alternative<contract::Marker>(host.records.all[0]));
    const auto& kept = std::get<contract::Evidence>(host.records.all[1]);
    EXPECT_EQ(base::string_of(kept.payload).find(kSecret), std::string::npos);

    contract::Pending pending;
    pending.command = marked(MarkingPolicy::allow_unchecked);
    pending.marker =
        std::get<contract::FiscalMarker>(std::get<contract::Marker>(host.records.all[0]));
    pending.evidence = {kept};
    Observed seen;
    seen.storage.last_document = 8;
    FoundDocument document;
    document.type = FoundDocument::kReceipt;
    document.number = 8;
    document.operation = 1;
    document.sum_minor = 4990;
    seen.later = {document};
    const Judgement judged = judge(pending, seen);
    ASSERT_TRUE(judged.result);
    ASSERT_EQ(judged.result->markings.size(), 1U);
    EXPECT_EQ(judged.result->markings[0].line, 1);
    EXPECT_EQ(judged.result->markings[0].outcome, MarkingOutcome::checked);
}

TEST(ShtrihMarking, AQueryDropsWhatItMade) {
    Scripted device;
    ScriptedHost host(device);
    device.say(Command::check_marking, "01 00 01 00");
    device.say(Command::accept_marking, "01");
    contract::MarkingQuery query;
    query.marking = contract::Marking{base::bytes_of(kSecret)};
    const auto answer = host.query(query);
    ASSERT_TRUE(answer) << base::to_text(answer.error());
    const auto& result = std::get<contract::MarkingCheck>(*answer).result;
    EXPECT_EQ(result.outcome, MarkingOutcome::refused);
    EXPECT_EQ(device.sent(Command::accept_marking), Strings{"00"});

    device.refuse(Command::check_marking, 0xA2);
    const auto blocked = host.query(query);
    ASSERT_TRUE(blocked);
    const auto& unsure = std::get<contract::MarkingCheck>(*blocked).result;
    EXPECT_EQ(unsure.outcome, MarkingOutcome::not_checked);
    EXPECT_FALSE(unsure.reason.empty());
}

TEST(ShtrihMarking, ACheckThatDoesNotEndInTimeIsNotCheckedAndDroppedLater) {
    Scripted device;
    ScriptedHost host(device);
    contract::MarkingQuery query;
    query.marking = contract::Marking{base::bytes_of(kSecret)};
    query.wait_ms = 0;
    const auto answer = host.query(query);
    ASSERT_TRUE(answer) << base::to_text(answer.error());
    EXPECT_EQ(std::get<contract::MarkingCheck>(*answer).result.outcome,
              MarkingOutcome::not_checked);
    found(device, "03", "0F");
    ASSERT_TRUE(host.execute(marked(MarkingPolicy::allow_unchecked)));
    EXPECT_EQ(device.sent(Command::accept_marking), (Strings{"00", "01"}));
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
