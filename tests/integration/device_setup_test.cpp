// Claim: a device is set up from nothing, checked, changed, renamed and removed through the real
// interfaces; each mistake is named; nothing is half done, and money stays safe meanwhile.
// Shown with devd, its hosts, simulators on ptys and a TCP port, and tillctl as a person runs it.
#include <sys/stat.h>

#include <filesystem>

#include "ipc/contract/decoder.h"
#include "ipc/json.h"
#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"

namespace tillhost::support {
namespace {

using contract::CheckOutcome;
using contract::OperationState;

class DeviceSetupTest : public CounterTest {
protected:
    DeviceSetupTest() { std::filesystem::remove(shop_->folder() + "/config/devices.d/echo.toml"); }
    void SetUp() override {
        std::filesystem::remove(shop_->folder() + "/config/devices.d/kassa.toml");
        loop_ = MUST(os::EventLoop::create(clock_));
    }
    Ran tillctl(std::vector<std::string> words) {
        words.insert(words.begin(), {"--endpoint", shop_->endpoint(), "--timeout", "60"});
        return run_program(*loop_, clock_, PROGRAMS_FOLDER "tillctl", std::move(words));
    }
    std::string port(const std::string& id) const { return "port=pty:" + shop_->pty(id); }
    std::string file_of(const std::string& id) const {
        return shop_->folder() + "/state/devices.d/" + id + ".toml";
    }
    contract::CheckReply check(const std::string& id) {
        const auto reply = client_->check_device(id, deadline());
        EXPECT_TRUE(reply) << base::to_text(reply.error());
        return reply ? *reply : contract::CheckReply{};
    }
    void open_shift(const std::string& id) {
        const auto opened = client_->carry_out(id, contract::OpenShift{}, new_id(), deadline());
        ASSERT_TRUE(opened) << base::to_text(opened.error());
        EXPECT_EQ(opened->state, OperationState::done);
    }
    base::ErrorCode refusal(const base::Result<contract::DeviceSettings>& reply) {
        EXPECT_FALSE(reply);
        return reply ? base::ErrorCode::unspecified : reply.error().code;
    }
    std::unique_ptr<os::EventLoop> loop_;
    os::Deadline patience_ = deadline();
};

TEST_F(DeviceSetupTest, FromNothingToAReceipt) {
    ASSERT_TRUE(shop_->start_simulator("till", "fiscal/toy"));
    start_devd();
    const Ran added = tillctl({"add", "fiscal/toy", "till", port("till"), "--name", "Till 1"});
    EXPECT_EQ(added.exit, 0) << added.out << added.err;
    EXPECT_NE(added.out.find("The connection check passed."), std::string::npos) << added.out;
    struct stat status {};
    ASSERT_EQ(::stat(file_of("till").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    connect();
    ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
    const auto sold = client_->sell("till", tea(), new_id(), deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::done);
    // It is there after a kill, with its name and complete.
    shop_->kill_devd();
    start_devd();
    connect();
    const auto device = client_->status("till", deadline());
    ASSERT_TRUE(device);
    EXPECT_EQ(device->name, "Till 1");
    EXPECT_TRUE(device->setup_missing.empty());
}

TEST_F(DeviceSetupTest, TakesNoReceiptBeforeTheConnectionCheckPassed) {
    start_devd();
    const Ran added = tillctl({"add", "fiscal/toy", "till", port("till")});
    EXPECT_EQ(added.exit, 1) << added.out;
    EXPECT_NE(added.out.find("NOT COMPLETE"), std::string::npos) << added.out;
    connect();
    const auto refused = client_->sell("till", tea(), new_id(), deadline());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::setup_incomplete);
    const auto failed = check("till");
    EXPECT_EQ(failed.outcome, CheckOutcome::cable_or_power);
    ASSERT_TRUE(failed.error);
    EXPECT_EQ(failed.error->code, "port_missing");
    ASSERT_TRUE(shop_->start_simulator("till", "fiscal/toy"));
    EXPECT_EQ(check("till").outcome, CheckOutcome::passed);
    ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
}

// The driver, the bytes and the tables of a Shtrih-M registrar, which comes without a header.
TEST_F(DeviceSetupTest, TakesNoReceiptOnARegistrarWithoutHeaderAndFooter) {
    ASSERT_TRUE(shop_->start_simulator("till", "fiscal/shtrih"));
    start_devd();
    const Ran added = tillctl({"add", "fiscal/shtrih", "till", port("till")});
    EXPECT_EQ(added.exit, 1) << added.out << added.err;
    EXPECT_NE(added.out.find("The connection check passed."), std::string::npos) << added.out;
    EXPECT_NE(added.out.find("header or footer is missing"), std::string::npos) << added.out;
    connect();
    const auto refused = client_->carry_out("till", contract::OpenShift{}, new_id(), deadline());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::setup_incomplete);

    ASSERT_EQ(tillctl({"layout", "till", "--footer", "Thank you"}).exit, 0);
    const Ran half = tillctl({"test", "till"});
    EXPECT_EQ(half.exit, 1) << "a header is missing: " << half.out;
    ASSERT_EQ(tillctl({"layout", "till", "--header", "Corner shop"}).exit, 0);
    const Ran whole = tillctl({"test", "till"});
    EXPECT_EQ(whole.exit, 0) << whole.out;
    open_shift("till");
    const auto sold = client_->sell("till", tea(), new_id(), deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::done);
    // What is kept of the device is that after the operation, and nobody has asked for it.
    auto after = client_->status("till", deadline());
    while (after && after->state != contract::DeviceState::ready && clock_.now() < patience_) {
        after = client_->status("till", deadline());
    }
    ASSERT_TRUE(after && after->status);
    const auto& kept = std::get<contract::FiscalStatus>(*after->status);
    EXPECT_EQ(kept.last_document_number,
              std::get<contract::FiscalResult>(*sold->result).fiscal_document_number);
    EXPECT_EQ(kept.receipt_number, 1);
    EXPECT_TRUE(kept.shift_open);
    const std::string tape = MUST(shop_->ctl("till", {"tape"}));
    EXPECT_NE(tape.find("Corner shop"), std::string::npos) << tape;

    shop_->kill_devd();
    start_devd();
    connect();
    EXPECT_TRUE(client_->status("till", deadline())->setup_missing.empty());
}

// Nobody tests a device of the administrator's file: devd looks when it opens it.
TEST_F(DeviceSetupTest, LooksForHeaderAndFooterOfTheAdministratorsRegistrarToo) {
    ASSERT_TRUE(shop_->start_simulator("kassa", "fiscal/shtrih"));
    ASSERT_TRUE(shop_->configure(
        "kassa", "driver = \"fiscal/shtrih\"\nport = \"pty:" + shop_->pty("kassa") + "\"\n"));
    start_devd();
    connect();
    const auto missing_is = [this](const std::vector<contract::SetupStep>& wanted) {
        bool seen = false;
        while (!seen && clock_.now() < patience_) {
            const auto device = client_->status("kassa", deadline());
            seen = device && device->setup_missing == wanted;
        }
        return seen;
    };
    EXPECT_TRUE(missing_is({contract::SetupStep::layout}));
    const auto refused = client_->carry_out("kassa", contract::OpenShift{}, new_id(), deadline());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::setup_incomplete);
    ASSERT_EQ(tillctl({"layout", "kassa", "--header", "Corner shop", "--footer", "Thank you"}).exit,
              0);
    ASSERT_TRUE(shop_->kill_host("kassa"));
    EXPECT_TRUE(missing_is({})) << "it is opened anew and has both";
    open_shift("kassa");
}

TEST_F(DeviceSetupTest, NamesEachMistakeAndChangesNothing) {
    start_devd();
    const std::pair<std::vector<std::string>, std::string> mistakes[] = {
        {{"add", "fiscal/shtrich", port("a")}, "driver: one of: dongle/fido2, fiscal/shtrih"},
        {{"add", "fiscal/shtrih", port("a"), "pasword=1"}, "settings.pasword: a setting of"},
        {{"add", "fiscal/shtrih", port("a"), "password=x"}, "settings.password: a whole number"},
        {{"add", "fiscal/shtrih", port("a"), "link=fast"}, "settings.link: one of: auto"},
        {{"add", "fiscal/shtrih", "port=com1"}, "port: serial:PATH"},
        {{"add", "fiscal/shtrih"}, "settings.port: it is required"},
        {{"add", "fiscal/shtrih", "Till", port("a")}, "device: a-z"},
        {{"configure", "none", "password=1"}, "no device 'none'"},
        {{"remove", "none"}, "no device 'none'"}};
    for (const auto& [words, said] : mistakes) {
        const Ran ran = tillctl(words);
        EXPECT_NE(ran.exit, 0) << said;
        EXPECT_NE(ran.err.find(said), std::string::npos) << ran.err;
    }
    connect();
    EXPECT_TRUE(MUST(client_->devices(deadline())).empty());
    EXPECT_FALSE(std::filesystem::exists(shop_->folder() + "/state/devices.d/shtrih.toml"));
}

TEST_F(DeviceSetupTest, ChangesRenamesAndRemoves) {
    ASSERT_TRUE(shop_->start_simulator("a", "fiscal/toy"));
    ASSERT_TRUE(shop_->start_simulator("b", "fiscal/toy"));
    start_devd();
    ASSERT_EQ(tillctl({"add", "fiscal/toy", "till", port("a")}).exit, 0);
    const Ran moved = tillctl({"configure", "till", port("b"), "--name", "Till 2"});
    EXPECT_EQ(moved.exit, 0) << moved.out << moved.err;
    EXPECT_NE(moved.out.find(shop_->pty("b")), std::string::npos) << moved.out;
    const Ran shown = tillctl({"configure", "till", "--json"});
    const auto json = ipc::from_json(shown.out);
    ASSERT_TRUE(json);
    EXPECT_EQ(MUST(contract::from_value<contract::DeviceSettings>(*json)).name, "Till 2");
    EXPECT_EQ(tillctl({"remove", "till"}).exit, 0);
    EXPECT_FALSE(std::filesystem::exists(file_of("till")));
    EXPECT_EQ(tillctl({"status", "till"}).exit, 1);
    // Its id may be used anew as soon as its former host is gone.
    Ran again;
    for (int i = 0; i < 100 && again.exit != 0; ++i) {
        again = tillctl({"add", "fiscal/toy", "till", port("a")});
    }
    EXPECT_EQ(again.exit, 0) << again.err;
}

TEST_F(DeviceSetupTest, LeavesTheAdministratorsFilesAlone) {
    ASSERT_TRUE(shop_->start_simulator("kassa", "fiscal/toy"));
    ASSERT_TRUE(shop_->configure(
        "kassa", "driver = \"fiscal/toy\"\nport = \"pty:" + shop_->pty("kassa") + "\"\n"));
    start_devd();
    connect();
    const auto settings = client_->device_settings("kassa", deadline());
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->origin, contract::DeviceOrigin::administrator);
    EXPECT_EQ(refusal(client_->rename_device("kassa", "x", deadline())),
              base::ErrorCode::not_permitted);
    EXPECT_EQ(refusal(client_->delete_device("kassa", deadline())), base::ErrorCode::not_permitted);
    EXPECT_EQ(check("kassa").outcome, CheckOutcome::passed);
    EXPECT_EQ(tillctl({"doctor"}).exit, 0);
}

TEST_F(DeviceSetupTest, RefusesToRemoveADeviceWithAnOpenOperation) {
    ASSERT_TRUE(shop_->start_simulator("till", "fiscal/toy"));
    start_devd();
    ASSERT_EQ(tillctl({"add", "fiscal/toy", "till", port("till")}).exit, 0);
    connect();
    ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
    shop_->kill_simulator("till");
    const auto id = new_id();
    ASSERT_TRUE(client_->submit("till", contract::Command(tea()), id, deadline()));
    EXPECT_EQ(refusal(client_->delete_device("till", deadline())), base::ErrorCode::wrong_state);
    contract::ConfigureDeviceRequest other;
    other.device = "till";
    other.settings = {{"serial", "TOY99999"}};
    EXPECT_EQ(refusal(client_->configure_device(other, deadline())), base::ErrorCode::wrong_state);
    ASSERT_TRUE(shop_->start_simulator("till", "fiscal/toy"));
    const auto done = client_->await(id.operation_id, deadline());
    ASSERT_TRUE(done);
    EXPECT_EQ(done->state, OperationState::done);
}

TEST_F(DeviceSetupTest, TellsApartWhatCanBeWrongWithAConnection) {
    ASSERT_TRUE(shop_->start_simulator("a", "fiscal/toy"));
    start_devd();
    connect();
    contract::AddDeviceRequest request;
    request.device = "till";
    request.driver = "fiscal/toy";
    request.settings = {{"port", "pty:" + shop_->pty("a")}, {"serial", "TOY99999"}};
    ASSERT_TRUE(client_->add_device(request, deadline()));
    EXPECT_EQ(check("till").outcome, CheckOutcome::wrong_device);
    // Its simulator has the pseudo-terminal open; that is no obstacle to anybody.
    const auto played = client_->ports({"", "pty:" + shop_->pty("a")}, deadline());
    ASSERT_TRUE(played);
    EXPECT_EQ(played->ports.at(0).reason, contract::PortReason::used_by_device);
    // A program that holds the port.
    contract::ConfigureDeviceRequest freed;
    freed.device = "till";
    freed.settings = {{"port", "pty:" + shop_->pty("b")}};
    freed.unset = {"serial"};
    ASSERT_TRUE(client_->configure_device(freed, deadline()));
    EXPECT_EQ(check("till").outcome, CheckOutcome::cable_or_power);
    const auto held = client_->ports({"", "pty:" + shop_->pty("b")}, deadline());
    ASSERT_TRUE(held);
    EXPECT_EQ(held->ports.at(0).state, contract::PortState::unavailable);
    EXPECT_EQ(held->ports.at(0).reason, contract::PortReason::absent);
    EXPECT_EQ(held->ports.at(0).device, "till");
}

TEST_F(DeviceSetupTest, ListsTheCatalogueAndMarksWhatADriverCannotUse) {
    start_devd();
    connect();
    const auto models = client_->models(deadline());
    ASSERT_TRUE(models);
    const auto shtrih = std::find_if(models->manifests.begin(), models->manifests.end(),
                                     [](const auto& one) { return one.driver == "fiscal/shtrih"; });
    ASSERT_NE(shtrih, models->manifests.end());
    EXPECT_EQ(shtrih->pages.at(0).fields.at(0).name, "port") << "the communication part is first";
    EXPECT_FALSE(shtrih->models.empty());
    const auto ports = client_->ports({"test/echo", "tcp:127.0.0.1:7778"}, deadline());
    ASSERT_TRUE(ports);
    EXPECT_EQ(ports->ports.at(0).state, contract::PortState::not_usable);
    const Ran russian = run_program(*loop_, clock_, "/usr/bin/env",
                                    {"LC_ALL=ru_RU.UTF-8", PROGRAMS_FOLDER "tillctl", "--endpoint",
                                     shop_->endpoint(), "models"});
    EXPECT_NE(russian.out.find("Фискальные регистраторы"), std::string::npos) << russian.out;
}

}  // namespace
}  // namespace tillhost::support
