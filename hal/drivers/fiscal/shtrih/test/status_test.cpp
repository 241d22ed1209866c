// Claim: the status that operations show by the way is the one that a question would bring.
// Shown by comparing both after each operation of a day, against the simulated registrar.
#include "hal/drivers/fiscal/shtrih/test/rig.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ErrorCode;

class ShtrihStatus : public OnBothLayers {
protected:
    void SetUp() override {
        OnBothLayers::SetUp();
        host_ = std::make_unique<Host>(counter_);
        EXPECT_FALSE(host_->known());
        ASSERT_TRUE(host_->open(book_));
    }

    /// What only a question to the storage or the clock tells is left out.
    static contract::FiscalStatus of_operations(contract::FiscalStatus status) {
        status.device_time.clear();
        status.unsent_documents = 0;
        status.unsent_since.clear();
        status.warnings.clear();
        status.clock_offset_s = 0;
        return status;
    }
    void expect_true(const char* when) {
        const auto known = host_->known();
        ASSERT_TRUE(known) << when;
        const auto asked = host_->status();
        ASSERT_TRUE(asked) << when << ": " << base::to_text(asked.error());
        EXPECT_EQ(of_operations(*known), of_operations(*asked)) << when;
    }
    void do_it(const contract::Command& command, const char* name) {
        const auto done = host_->execute(command, book_);
        ASSERT_TRUE(done) << name << ": " << base::to_text(done.error());
        expect_true(name);
    }

    Counter counter_;
    Book book_{counter_};
    std::unique_ptr<Host> host_;
};
INSTANTIATE_TEST_SUITE_P(Layers, ShtrihStatus, kBothLayers, kLayerName);

TEST_P(ShtrihStatus, IsThatAfterEachOperationOfADay) {
    expect_true("opened");
    do_it(contract::OpenShift{}, "shift opened");
    EXPECT_TRUE(host_->known()->shift_open);
    do_it(contract::CashIn{10'000, "RUB"}, "cash in");
    do_it(example_receipt(), "receipt");
    EXPECT_EQ(host_->known()->last_document_number, counter_.last().number);
    EXPECT_EQ(host_->known()->receipt_number, 1);
    contract::Receipt returned = example_receipt();
    returned.kind = contract::ReceiptKind::sale_return;
    returned.electronic_only = true;
    returned.customer_contact = "a@b.ru";
    do_it(returned, "electronic return");
    do_it(contract::CloseShift{}, "shift closed");
    EXPECT_FALSE(host_->known()->shift_open);
}

TEST_P(ShtrihStatus, KnowsOfTheEndOfThePaperFromTheOperationThatMetIt) {
    ASSERT_TRUE(host_->execute(contract::OpenShift{}, book_));
    counter_.fault("paper_out");
    const auto refused = host_->execute(example_receipt(), book_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::paper_out);
    EXPECT_FALSE(host_->known()->paper_present);
    expect_true("no paper");
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
