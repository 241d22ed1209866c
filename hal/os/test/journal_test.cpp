// Claim: an entry reaches the journal with each field under its own name, values of several lines
// whole, and a journal that is not there or takes nothing stops nobody.
// Shown with a datagram socket in the journal's place.
#include "hal/os/journal.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace tillhost::os {
namespace {

class JournalTest : public testing::Test {
protected:
    void SetUp() override {
        std::string folder = testing::TempDir() + "tillhost.XXXXXX";
        ASSERT_NE(::mkdtemp(folder.data()), nullptr);
        folder_ = folder;
        path_ = folder + "/journal";
        fd_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.data(), path_.size());
        ASSERT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    void TearDown() override {
        ::unlink(path_.c_str());
        ::rmdir(folder_.c_str());
    }
    std::string received() const {
        std::string bytes(65536, '\0');
        const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return bytes;
    }
    std::string folder_;
    std::string path_;
    Descriptor fd_;
};

TEST_F(JournalTest, HasEachFieldUnderItsNameInCapitals) {
    auto sink = JournalSink::open("devd", path_);
    ASSERT_TRUE(sink);
    const Logger logger(*sink);
    logger.warning("operation", {{"operation_id", "0190"}, {"device", "kassa 1"}, {"error", ""}});
    EXPECT_EQ(received(),
              "PRIORITY=4\nSYSLOG_IDENTIFIER=devd\n"
              "MESSAGE=operation operation_id=0190 device=\"kassa 1\" error=\"\"\n"
              "OPERATION_ID=0190\nDEVICE=kassa 1\n");
}

TEST_F(JournalTest, KeepsAValueOfSeveralLinesWholeAndCannotBeForgedByIt) {
    auto sink = JournalSink::open("devd", path_);
    ASSERT_TRUE(sink);
    const Logger logger(*sink);
    logger.notice("x", {{"reason", "one\nPRIORITY=0"}, {"_uid", "1"}, {"9-x", "2"}});
    const std::string bytes = received();
    const std::string whole = std::string("REASON\n\x0e\0\0\0\0\0\0\0", 15) + "one\nPRIORITY=0\n";
    EXPECT_NE(bytes.find(whole), std::string::npos);
    EXPECT_NE(bytes.find("FIELD__UID=1\n"), std::string::npos) << "trusted names are systemd's";
    EXPECT_NE(bytes.find("FIELD_9_X=2\n"), std::string::npos);
}

TEST_F(JournalTest, IsBoundedAndNeverWaits) {
    auto sink = JournalSink::open("devd", path_);
    ASSERT_TRUE(sink);
    const Logger logger(*sink);
    logger.notice("x", {{"large", std::string(100'000, 'a')}, {"last", "1"}});
    const std::string bytes = received();
    EXPECT_LE(bytes.size(), kJournalEntryBytesMax);
    EXPECT_NE(bytes.find("LAST=1\n"), std::string::npos);
    fd_.reset();
    logger.notice("nobody listens any more");
}

TEST_F(JournalTest, ThatIsNotThereIsAnError) {
    EXPECT_FALSE(JournalSink::open("devd", path_ + "-not"));
    EXPECT_FALSE(JournalSink::open("devd", std::string(200, 'x')));
}

TEST(StderrSinkTest, IsUnderTheJournalOnlyWhereTheVariableNamesItsVeryFile) {
    ::setenv("JOURNAL_STREAM", "1:2", 1);
    EXPECT_FALSE(StderrSink::under_journal()) << "inherited from somebody else";
    ::unsetenv("JOURNAL_STREAM");
    EXPECT_FALSE(StderrSink::under_journal());
}

}  // namespace
}  // namespace tillhost::os
