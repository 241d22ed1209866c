// Claim: wherever devd ends within a sale, the next one goes on from the steps in the book: nothing
// is charged twice, and what was charged is registered or taken back.
// Shown: every cut of the book's changes of a good and of a failing sale, with devices that
// remember what they did, whether they did what was prepared or not.
#include <algorithm>
#include <set>
#include <utility>

#include "devd/core/test/sale_rig.h"

namespace tillhost::devd::core {
namespace {

using base::ErrorCode;
using contract::OperationState;
using std::chrono::seconds;

/// What a sale's book looks like after each of its changes.
std::vector<BookImage> cuts_of(const Shop& shop) {
    std::vector<BookImage> cuts;
    for (std::size_t count = 0; count <= shop.store.changes.size(); ++count) {
        FakeStore store;
        for (std::size_t i = 0; i < count; ++i) {
            store.write(shop.store.changes[i]);
        }
        cuts.push_back(store.image());
    }
    return cuts;
}

/// Lets a shop's devices do all that they are told, a doubt being what the devices remember.
class Devices {
public:
    int charged = 0;
    int registered = 0;
    int reversed = 0;
    bool registrars_refuse = false;

    /// What a former devd had them do; of what was prepared, all or nothing was done.
    void remember(const BookImage& book, bool prepared_was_done) {
        for (const OperationRow& row : book.operations) {
            const bool prepared = row.state == OperationState::prepared && prepared_was_done;
            const bool done = row.state == OperationState::done && row.parent;
            if (row.command && is_money(*row.command) && !is_sale(row) && (prepared || done)) {
                kinds_[row.id] = *row.command;
                act(row.id, row.device);
            }
        }
    }

    /// Returns when nothing is under way any more.
    void serve(Shop& shop) {
        for (int turn = 0; turn < 40; ++turn) {
            for (const std::string device : {"fr", "fr2", "pos"}) {
                turn_of(shop, device);
                shop.say(device, contract::Beat{});
            }
            shop.wait(seconds(1));
        }
    }
    void open(Shop& shop, const std::string& device) {
        const bool terminal = device == "pos";
        shop.say(device, contract::HostHello{1, terminal ? "payment/zvt" : "fiscal/toy", 7});
    }

private:
    void turn_of(Shop& shop, const std::string& device) {
        const std::vector<contract::ToHost> sent = std::exchange(shop.hosts.sent[device], {});
        for (const contract::ToHost& message : sent) {
            if (const auto* open = std::get_if<contract::Open>(&message)) {
                opened(shop, device, *open);
            } else if (const auto* query = std::get_if<contract::QueryCommand>(&message)) {
                const contract::ClassStatus status =
                    device == "pos" ? contract::ClassStatus(contract::TerminalStatus{})
                                    : contract::ClassStatus(Shop::status());
                shop.say(device, contract::Queried{query->ticket, status, {}, false});
            } else if (const auto* execute = std::get_if<contract::Execute>(&message)) {
                begun(shop, device, *execute);
            } else if (const auto* go = std::get_if<contract::Go>(&message)) {
                carry_out(shop, device, *go);
            }
        }
    }
    void opened(Shop& shop, const std::string& device, const contract::Open& open) {
        contract::Opened opened;
        opened.identity = Shop::identity(device);
        opened.status = device == "pos" ? contract::ClassStatus(contract::TerminalStatus{})
                                        : contract::ClassStatus(Shop::status());
        if (open.pending) {
            contract::Resolution resolution;
            resolution.identity = Shop::identity(device);
            const bool done = acted_.contains(open.pending->operation_id);
            resolution.verdict =
                done ? contract::Verdict::executed : contract::Verdict::not_executed;
            if (done) {
                resolution.result = Shop::result(device);
            }
            opened.resolution = resolution;
        }
        shop.say(device, opened);
    }
    void begun(Shop& shop, const std::string& device, const contract::Execute& execute) {
        kinds_[execute.operation_id] = execute.command;
        if (is_money(execute.command)) {
            shop.say(device, contract::Persist{execute.operation_id, execute.attempt,
                                               Shop::marker(device)});
            return;
        }
        contract::Finished finished;
        finished.operation_id = execute.operation_id;
        finished.attempt = execute.attempt;
        contract::FiscalResult nothing;
        nothing.printed = contract::Printed::printed;
        finished.result = nothing;
        shop.say(device, finished);
    }
    void carry_out(Shop& shop, const std::string& device, const contract::Go& go) {
        contract::Finished finished;
        finished.operation_id = go.operation_id;
        finished.attempt = go.attempt;
        if (registrars_refuse && device != "pos") {
            finished.error = contract::to_contract(base::make_error(ErrorCode::device_failed, ""));
        } else {
            act(go.operation_id, device);
            finished.result = Shop::result(device);
        }
        shop.say(device, finished);
    }
    void act(const base::OperationId& id, const std::string& device) {
        acted_.insert(id);
        if (device != "pos") {
            ++registered;
        } else if (std::holds_alternative<contract::Reverse>(kinds_.at(id))) {
            ++reversed;
        } else {
            ++charged;
        }
    }

    std::set<base::OperationId> acted_;
    std::map<base::OperationId, contract::Command> kinds_;
};

void open_all(Devices& devices, Shop& shop) {
    for (const std::string device : {"fr", "fr2", "pos"}) {
        devices.open(shop, device);
    }
}

/// One sale from its beginning to its end, and the book after each change of it.
std::vector<BookImage> sell(bool registrars_refuse) {
    Shop shop;
    Devices devices;
    devices.registrars_refuse = registrars_refuse;
    open_all(devices, shop);
    devices.serve(shop);
    shop.submit(shop.sale());
    devices.serve(shop);
    EXPECT_EQ(shop.look().state, registrars_refuse ? OperationState::failed : OperationState::done);
    return cuts_of(shop);
}

/// The next devd goes on from a cut of the book, with devices that remember what they did.
void expect_one_story(const BookImage& cut, bool prepared_was_done, bool registrars_refuse) {
    Shop shop(cut);
    Devices devices;
    devices.registrars_refuse = registrars_refuse;
    devices.remember(cut, prepared_was_done);
    open_all(devices, shop);
    devices.serve(shop);
    const bool known = std::any_of(cut.operations.begin(), cut.operations.end(),
                                   [&](const auto& row) { return row.id == shop.id; });
    if (!known) {
        EXPECT_EQ(devices.charged, 0);
        return;
    }
    const contract::Operation sale = shop.look();
    EXPECT_LE(devices.charged, 1);
    EXPECT_LE(devices.registered, 1);
    if (sale.state == OperationState::done) {
        EXPECT_EQ(devices.charged, 1);
        EXPECT_EQ(devices.registered, 1);
        EXPECT_EQ(devices.reversed, 0);
    } else {
        EXPECT_EQ(sale.state, OperationState::failed);
        EXPECT_EQ(devices.registered, 0);
        EXPECT_EQ(devices.charged, devices.reversed) << "charged for nothing";
    }
}

/// devd is killed behind each change of the book, before and after the device acted on it.
TEST(Sale, GoesOnFromEveryPointAtWhichDevdCanEnd) {
    for (const bool registrars_refuse : {false, true}) {
        const std::vector<BookImage> cuts = sell(registrars_refuse);
        EXPECT_GE(cuts.size(), 10U);
        for (std::size_t i = 0; i < cuts.size(); ++i) {
            for (const bool prepared_was_done : {false, true}) {
                SCOPED_TRACE(testing::Message() << "cut " << i << (prepared_was_done ? " done" : "")
                                                << (registrars_refuse ? " refusing" : ""));
                expect_one_story(cuts[i], prepared_was_done, registrars_refuse);
            }
        }
    }
}

}  // namespace
}  // namespace tillhost::devd::core
