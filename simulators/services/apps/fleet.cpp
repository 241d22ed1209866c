#include "simulators/services/apps/fleet.h"

#include <fmt/format.h>

#include <array>

#include "hal/base/bytes.h"
#include "hal/os/files.h"
#include "hal/os/thread.h"
#include "simulators/services/apps/phone.h"

namespace tillhost::simulators::apps {
namespace {

using exchange::Option;

constexpr std::array<Option, 15> kOptions{
    {{"--codes", "", "file with the text of a phone's QR code a line; none: all are enrolled"},
     {"--phones", "1", "how many, 1 to 200"},
     {"--first", "1", "number of the first one: folder and login are by number"},
     {"--people", "", "file with \"login password\" a line, of phone 1, 2, ..."},
     {"--form", "json", "envelope: json, xml, soap11, soap12"},
     {"--state", "", "folder of their memories; outlives kill -9"},
     {"--sales", "0", "that each phone makes in all"},
     {"--card-permille", "300", "of them by card"},
     {"--pace-ms", "100", "between two customers"},
     {"--skew-ms", "0", "clocks differ by up to so much, either way"},
     {"--max-bytes", "262144", "of a packet that a phone can take"},
     {"--drop-permille", "0", "of all answers that are thrown away"},
     {"--cut-permille", "0", "of all exchanges that are cut"},
     {"--control", "", "UNIX socket for devsim ctl"},
     {"--seed", "1", "what they choose comes from it"}}};

constexpr std::string_view kCommands =
    R"(Commands (devsim ctl ENDPOINT do NAME [k=v...]), of all phones or of phone=N:
  line               drop_permille=N cut_permille=N bytes_per_second=N
  sell               count=N more customers
  close              nobody new is served; what is open is brought to its end
  skew               ms=N: its clock
  reinstall          qr=TEXT: as a new app on the same telephone; anyway=true loses what waits
  revoke             it signs itself off for good
  double_document    sends its next document twice, under another id: what a check must notice
  drop_document      forgets its next document: so, too
  schema_version     version=N: its next documents say so
"state" tells where each phone is.
)";

class Fleet final : public exchange::Service {
public:
    explicit Fleet(std::int64_t first) : first_(first) {}

    void add(std::unique_ptr<Phone> phone) { phones_.push_back(std::move(phone)); }
    void run() override;
    void stop() override;
    base::Result<Value> ask(const Value& request) override;

private:
    base::Done act(Phone& phone, const std::string& name, const Value& keys);

    std::int64_t first_;
    std::vector<std::unique_ptr<Phone>> phones_;
};

void Fleet::run() {
    std::vector<std::unique_ptr<os::Thread>> threads;
    for (const auto& phone : phones_) {
        threads.push_back(
            std::make_unique<os::Thread>("phone", [one = phone.get()] { one->run(); }));
    }
    for (const auto& thread : threads) {
        thread->join();
    }
}

void Fleet::stop() {
    for (const auto& phone : phones_) {
        phone->stop();
    }
}

base::Result<Value> Fleet::ask(const Value& request) {
    const std::string command = request.text_of("command");
    if (command == "state") {
        Value all = Value::list();
        for (std::size_t i = 0; i < phones_.size(); ++i) {
            Value one = Value().set("phone", first_ + static_cast<std::int64_t>(i));
            const Value state = phones_[i]->state();
            one.fields.insert(one.fields.end(), state.fields.begin(), state.fields.end());
            all.items.push_back(std::move(one));
        }
        return Value().set("phones", std::move(all));
    }
    if (command != "do") {
        return base::bad_field("command", "state or do");
    }
    const Value& keys = request.at("keys");
    const auto last = first_ + static_cast<std::int64_t>(phones_.size()) - 1;
    const std::int64_t chosen = TRY(exchange::key_number(keys, "phone", 0, first_, last));
    for (std::size_t i = 0; i < phones_.size(); ++i) {
        if (chosen == 0 || chosen == first_ + static_cast<std::int64_t>(i)) {
            TRY(act(*phones_[i], request.text_of("name"), keys));
        }
    }
    return Value::record();
}

base::Done Fleet::act(Phone& phone, const std::string& name, const Value& keys) {
    constexpr std::int64_t kCountMax = 1'000'000, kSkewMsMax = 1'000'000'000;
    if (name == "line") {
        phone.set_line(TRY(exchange::read_line_faults(keys)));
    } else if (name == "sell") {
        phone.sell(TRY(exchange::key_number(keys, "count", 1, 1, kCountMax)));
    } else if (name == "close") {
        phone.close();
    } else if (name == "skew") {
        phone.set_skew(TRY(exchange::key_number(keys, "ms", 0, -kSkewMsMax, kSkewMsMax)));
    } else if (name == "reinstall") {
        return phone.reinstall(keys.text_of("qr"), keys.text_of("anyway") == "true");
    } else if (name == "revoke") {
        phone.revoke();
    } else if (name == "double_document") {
        phone.set_misdeeds({.double_document = true});
    } else if (name == "drop_document") {
        phone.set_misdeeds({.drop_document = true});
    } else if (name == "schema_version") {
        Misdeeds misdeeds;
        misdeeds.schema_version = TRY(exchange::key_number(keys, "version", 1, 0, kCountMax));
        phone.set_misdeeds(misdeeds);
    } else {
        return base::bad_field("name", "a command that devsim services/apps --help names");
    }
    return {};
}

base::Result<std::vector<std::string>> lines_of(const std::string& path) {
    constexpr std::size_t kBytesMax = 1024 * 1024;
    std::vector<std::string> lines;
    if (path.empty()) {
        return lines;
    }
    const std::string text = base::string_of(TRY(os::read_file(path, kBytesMax)));
    std::size_t begin = 0;
    while (begin < text.size()) {
        const auto end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

base::Result<Person> person_of(const std::vector<std::string>& people, std::int64_t number) {
    const auto place = static_cast<std::size_t>(number - 1);
    const std::string line = place < people.size() ? people[place] : "";
    const auto blank = line.find(' ');
    if (blank == std::string::npos) {
        return base::bad_field("--people", fmt::format("a line for phone {}", number));
    }
    return Person{.login = line.substr(0, blank), .password = line.substr(blank + 1)};
}

base::Result<PhoneOptions> common_options(const exchange::Options& options) {
    constexpr std::int64_t kSalesMax = 1'000'000, kPermille = 1000, kMsMax = 3'600'000;
    constexpr std::int64_t kPacketMin = 4096, kPacketMax = 4'194'304;
    PhoneOptions phone;
    phone.form = TRY(exchange::form_of(options.text("--form")));
    phone.sales = TRY(options.number("--sales", 0, kSalesMax));
    phone.card_permille =
        static_cast<std::uint64_t>(TRY(options.number("--card-permille", 0, kPermille)));
    phone.pace_ms = TRY(options.number("--pace-ms", 0, kMsMax));
    phone.max_bytes = TRY(options.number("--max-bytes", kPacketMin, kPacketMax));
    return phone;
}

}  // namespace

base::Result<std::unique_ptr<exchange::Service>> make_fleet(std::span<const std::string> words,
                                                            const os::Clock& clock) {
    constexpr std::int64_t kSkewMsMax = 1'000'000'000, kFirstMax = 1'000'000;
    constexpr unsigned kFolderMode = 0750;
    const exchange::Options options = TRY(exchange::Options::read(words, kOptions));
    PhoneOptions phone = TRY(common_options(options));
    const std::int64_t phones = TRY(options.number("--phones", 1, kPhonesMax));
    const std::int64_t first = TRY(options.number("--first", 1, kFirstMax));
    const std::int64_t skew = TRY(options.number("--skew-ms", 0, kSkewMsMax));
    const auto seed = static_cast<std::uint64_t>(TRY(options.number("--seed", 0, INT64_MAX)));
    if (options.text("--state").empty()) {
        return base::bad_field("--state", "a folder");
    }
    TRY(os::make_folder(options.text("--state"), kFolderMode));
    const exchange::LineFaults line = TRY(exchange::line_faults_of(options));
    const std::vector<std::string> codes = TRY(lines_of(options.text("--codes")));
    const std::vector<std::string> people = TRY(lines_of(options.text("--people")));
    auto fleet = std::make_unique<Fleet>(first);
    for (std::int64_t i = 0; i < phones; ++i) {
        Random chance(seed * 1'000'003 + static_cast<std::uint64_t>(first + i));
        const auto place = static_cast<std::size_t>(i);
        phone.folder = fmt::format("{}/phone-{}", options.text("--state"), first + i);
        phone.invitation = place < codes.size() ? codes[place] : "";
        phone.person = TRY(person_of(people, first + i));
        phone.seed = chance.next();
        phone.skew_ms =
            static_cast<std::int64_t>(chance.below(static_cast<std::uint64_t>(2 * skew + 1))) -
            skew;
        auto made = TRY(Phone::create(phone, clock));
        made->set_line(line);
        fleet->add(std::move(made));
    }
    return std::unique_ptr<exchange::Service>(std::move(fleet));
}

std::string fleet_help() {
    return fmt::format(
        "devsim services/apps: simulated phones, clients of sumpd. A test tool.\n\n{}\n{}",
        exchange::help_of(kOptions), kCommands);
}

}  // namespace tillhost::simulators::apps
