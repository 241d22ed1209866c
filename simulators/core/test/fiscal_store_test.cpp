// Claim: the file memory keeps every commit through a death of its process and mistrusts damage.
// Shown by opening it again after each way in which its end can be torn or its middle spoilt.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "simulators/core/document_codec.h"
#include "simulators/core/fiscal_store.h"
#include "simulators/core/random.h"

namespace tillhost::simulators {
namespace {

using base::Bytes;

class FileStore : public testing::Test {
protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "fiscal_store_" +
                  testing::UnitTest::GetInstance()->current_test_info()->name();
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        path_ = folder_ + "/memory";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::unique_ptr<FileFiscalStore> open() {
        auto store = FileFiscalStore::open(path_, "fiscal/test");
        EXPECT_TRUE(store) << base::to_text(store.error());
        return store ? std::move(*store) : nullptr;
    }
    void commit(FileFiscalStore& store, std::string_view state, const std::string& line) {
        const Bytes document = base::bytes_of("document " + line);
        const Bytes bytes = base::bytes_of(state);
        ASSERT_TRUE(store.commit(
            {.state = bytes, .documents = std::span(&document, 1), .tape = std::span(&line, 1)}));
    }
    void fill() {
        const auto store = open();
        commit(*store, "first", "one");
        commit(*store, "second", "two");
    }
    std::size_t size() const { return std::filesystem::file_size(path_); }
    void flip(std::size_t at) {
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(at));
        const char byte = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(at));
        file.put(byte);
    }

    std::string folder_;
    std::string path_;
};

TEST_F(FileStore, KeepsWhatWasCommitted) {
    fill();
    const auto content = *open()->load();
    EXPECT_EQ(base::string_of(content.state), "second");
    EXPECT_EQ(content.tape, (std::vector<std::string>{"one", "two"}));
    ASSERT_EQ(content.documents.size(), 2U);
    EXPECT_EQ(base::string_of(content.documents[1]), "document two");
}

TEST_F(FileStore, ATornTailIsCutOffAtEveryLength) {
    fill();
    const std::size_t whole = size();
    {
        std::filesystem::remove(path_);
        commit(*open(), "first", "one");
    }
    const std::size_t first = size();
    for (std::size_t length = first + 1; length < whole; ++length) {
        std::filesystem::remove(path_);
        fill();
        std::filesystem::resize_file(path_, length);
        const auto store = open();
        EXPECT_EQ(store->cut_off_bytes(), length - first);
        EXPECT_EQ(base::string_of(store->load()->state), "first");
        commit(*store, "again", "three");
    }
    EXPECT_EQ(open()->load()->tape, (std::vector<std::string>{"one", "three"}));
}

TEST_F(FileStore, ADamagedLastRecordIsATear) {
    fill();
    flip(size() - 1);
    EXPECT_EQ(base::string_of(open()->load()->state), "first");
}

TEST_F(FileStore, DamageWithRecordsBehindItIsRefused) {
    fill();
    flip(60);
    EXPECT_EQ(FileFiscalStore::open(path_, "fiscal/test").error().code,
              base::ErrorCode::storage_failed);
}

TEST_F(FileStore, AnotherFamilysMemoryIsRefused) {
    fill();
    EXPECT_EQ(FileFiscalStore::open(path_, "fiscal/other").error().code,
              base::ErrorCode::storage_failed);
}

TEST_F(FileStore, OneProcessHoldsTheFile) {
    const auto store = open();
    EXPECT_EQ(FileFiscalStore::open(path_, "fiscal/test").error().code,
              base::ErrorCode::already_running);
}

TEST_F(FileStore, AMissingFolderIsAnError) {
    EXPECT_EQ(FileFiscalStore::open(folder_ + "/no/memory", "fiscal/test").error().code,
              base::ErrorCode::storage_failed);
}

TEST(DocumentCodec, AnyBytesGiveADocumentOrNothing) {
    FiscalDocument document;
    document.lines.push_back({.name = "Сыр", .quantity_micro = 485'000, .sum_minor = 15035});
    document.payments_minor = {100, 0, 7};
    const Bytes good = encode_document(document);
    ASSERT_TRUE(decode_document(good));
    EXPECT_EQ(encode_document(*decode_document(good)), good);
    Random random(3);
    for (int i = 0; i < 20'000; ++i) {
        Bytes bytes = good;
        bytes.resize(random.below(good.size() + 1));
        for (std::byte& byte : bytes) {
            byte = random.below(8) == 0 ? static_cast<std::byte>(random.below(256)) : byte;
        }
        if (const auto decoded = decode_document(bytes)) {
            EXPECT_EQ(encode_document(*decoded), bytes);
        }
        FiscalStore::Content content;
        apply_record(bytes, content);
    }
}

}  // namespace
}  // namespace tillhost::simulators
