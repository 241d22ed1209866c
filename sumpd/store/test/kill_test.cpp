// Claim: a process that is killed by SIGKILL at any moment has kept all that it answered, and shows
// no half of a message. Shown by a child that puts and imports, and is killed behind a random
// number of its answers, again and again over the same folder.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <set>

#include "hal/os/descriptor.h"
#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

constexpr std::uint64_t kRoundNumbers = 1'000'000;  // documents of a round begin at its multiple

struct Opened {
    explicit Opened(const std::string& folder)
        : store(MUST(
              Store::open(folder, clock, logger, {"S", {.passes = 1, .memory_bytes = 8192}}))) {}
    os::SystemClock clock;
    os::KeptLog log;
    os::Logger logger{log};
    std::unique_ptr<Store> store;
};

/// All goods get the message's number as their name: two names at once would be half a message.
ToSend message_of(std::int64_t no) {
    ToSend message{.no = no};
    for (int i = 0; i < 1200; ++i) {
        message.objects.push_back(goods("g" + std::to_string(i), std::to_string(no)));
    }
    return message;
}

/// Works until it is killed; tells the number of each document that was answered as stored.
[[noreturn]] void work(const std::string& folder, std::uint64_t first, int answers) {
    const Opened here(folder);
    Store& store = *here.store;
    static_cast<void>(store.exchange().configure(kNode));
    const os::Thread accounting("accounting", [&] {
        while (true) {
            send(store.exchange(), message_of(store.exchange().node()->received_no + 1));
        }
    });
    for (std::uint64_t number = first;; ++number) {
        const auto response = store.documents().put(
            device(1), {{document(number, static_cast<std::int64_t>(number))}});
        const bool told = response && ::write(answers, &number, sizeof number) == sizeof number;
        if (!told) {
            ::_exit(1);
        }
    }
}

/// Numbers of documents that the child told of before it was killed.
std::set<std::uint64_t> killed_behind(const std::string& folder, std::uint64_t first,
                                      std::uint64_t count) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const os::Descriptor from(ends[0]);
    os::Descriptor to(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
        work(folder, first, to.get());
    }
    to.reset();
    std::set<std::uint64_t> told;
    std::uint64_t number = 0;
    while (::read(from.get(), &number, sizeof number) == sizeof number) {
        told.insert(number);
        if (told.size() == count) {
            ::kill(child, SIGKILL);
        }
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return told;
}

/// Read from the beginning, page by page.
std::set<std::string> names_of_goods(Changes& changes) {
    std::set<std::string> names;
    exchange::GetChanges request{.max_bytes = 50'000};
    for (bool more = true; more;) {
        const auto response = changes.get(device(1), request);
        EXPECT_TRUE(response);
        for (const exchange::Object& object : response->objects) {
            names.insert(std::get<exchange::Goods>(*object.body).name);
        }
        request.cursor = response->cursor;
        more = response->more;
    }
    return names;
}

TEST(Kill, LosesNothingThatWasAnsweredAndShowsNoHalfMessage) {
    std::string folder = testing::TempDir() + "sumpd.XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::mt19937 random(1);
    std::int64_t newest = 0;
    for (std::uint64_t round = 1; round <= 8; ++round) {
        const auto told = killed_behind(folder, round * kRoundNumbers, 1 + random() % 150);
        const Opened here(folder);
        // The import that was interrupted may go on meanwhile: its job is waited for.
        const std::int64_t job = *here.store->transactions().read<std::int64_t>(
            [](Sql& sql) -> exchange::Outcome<std::int64_t> {
                return sql.number("SELECT coalesce(max(number), 0) FROM job");
            });
        if (job != 0) {
            end_of(here.store->exchange(), std::to_string(job));
        }
        const std::int64_t received = here.store->exchange().node()->received_no;
        EXPECT_GE(received, newest);
        newest = received;
        const auto names = names_of_goods(here.store->changes());
        EXPECT_EQ(names, received == 0 ? std::set<std::string>()
                                       : std::set<std::string>{std::to_string(received)});
        for (const std::uint64_t number : told) {
            const auto status = here.store->documents().status({{uuid_of(number)}});
            EXPECT_EQ(status->results.at(0).state, exchange::DocumentState::stored);
        }
    }
    EXPECT_GT(newest, 0);  // or no import was ever under way
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tillhost::sumpd::store
