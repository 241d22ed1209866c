// Claim: what a token has told is what it holds after kill -9, and a memory that is not whole is
// refused. Shown by a file read by the next simulator, and by a record cut short at each byte.
#include "simulators/dongle/fido2/memory.h"

#include <filesystem>

#include "simulators/dongle/fido2/test/host.h"

namespace tillhost::simulators::fido2 {
namespace {

namespace fs = std::filesystem;

class Fido2Memory : public testing::Test {
protected:
    Fido2Memory() {
        std::string name = (fs::temp_directory_path() / "fido2_memory.XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~Fido2Memory() override { fs::remove_all(folder_); }
    Fido2Options options(const std::string& serial) const {
        Fido2Options options;
        options.serial = serial;
        options.store = MUST(FileFiscalStore::open(folder_ / "token", "dongle/fido2"));
        return options;
    }
    fs::path folder_;
};

Content example() {
    auto store = std::make_shared<MemoryFiscalStore>();
    Memory memory = MUST(Memory::open(store, 1, "A"));
    Content content = memory.content();
    Credential one = memory.fresh_credential();
    one.rp = "licence.example";
    one.user_id = base::Bytes(16, std::byte{1});
    one.user_name = "store-0001";
    one.resident = true;
    one.counter = 7;
    content.credentials.push_back(one);
    content.made = 1;
    content.counter = 9;
    return content;
}

TEST_F(Fido2Memory, OutlivesItsProgram) {
    base::Bytes id;
    std::string root;
    {
        Host host(options("A"));
        host.cbor(make_request());
        ASSERT_EQ(host.answer().at(0), std::byte{0});
        id = host.state().credentials.at(0).id;
        root = host.state().attestation_root;
        host.cbor(assert_request(id));
        ASSERT_EQ(host.answer().at(0), std::byte{0});
    }  // nothing is written at the end: each answer's state is in the file before it leaves
    Host host(options("A"));
    ASSERT_EQ(host.state().credentials.size(), 1U);
    EXPECT_EQ(host.state().credentials.at(0).id, id);
    EXPECT_EQ(host.state().credentials.at(0).counter, 2U);
    EXPECT_EQ(host.state().counter, 2U);
    EXPECT_EQ(host.state().attestation_root, root);
    host.cbor(assert_request(id));
    EXPECT_EQ(host.answer().at(0), std::byte{0});
    host.cbor(make_request());
    ASSERT_EQ(host.answer().at(0), std::byte{0});
    EXPECT_NE(host.state().credentials.at(1).id, id);
}

TEST_F(Fido2Memory, IsReadAsItWasWritten) {
    const Content content = example();
    EXPECT_EQ(decode_content(encode_content(content)), content);
}

TEST_F(Fido2Memory, APartOfItIsRefused) {
    base::Bytes bytes = encode_content(example());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_content(base::ByteView(bytes).first(size))) << size;
    }
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(decode_content(bytes));
    auto store = std::make_shared<MemoryFiscalStore>();
    ASSERT_TRUE(store->commit({.state = bytes}));
    const auto token = make_fido2_token({.store = store});
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, base::ErrorCode::storage_failed);
}

TEST_F(Fido2Memory, TheSameSeedAndSerialMakeTheSameKeys) {
    const auto first_id = [](std::uint64_t seed, const std::string& serial) {
        auto store = std::make_shared<MemoryFiscalStore>();
        return MUST(Memory::open(store, seed, serial)).fresh_credential().id;
    };
    EXPECT_EQ(first_id(1, "A"), first_id(1, "A"));
    EXPECT_NE(first_id(1, "A"), first_id(1, "B"));
    EXPECT_NE(first_id(1, "A"), first_id(2, "A"));
}

}  // namespace
}  // namespace tillhost::simulators::fido2
