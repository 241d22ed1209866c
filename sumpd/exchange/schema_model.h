#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sumpd/exchange/visitor.h"

// What the records of the contract look like, found by visiting them: the XSD and the OpenAPI page
// are written from it.
namespace tillhost::sumpd::exchange {

struct SimpleType {
    enum class Kind : std::uint8_t {
        text,
        integer,
        boolean,
        amount,
        measure,
        moment,
        uuid,
        bytes,
        words
    };
    Kind kind = Kind::text;
    std::string name{};    ///< "Text64"; the same name, the same type
    std::int64_t min = 0;  ///< of texts in bytes, of integers, as is max
    std::int64_t max = 0;  ///< of bytes, decoded
    std::vector<std::string> words{};
    bool operator==(const SimpleType&) const = default;
};

struct SchemaField {
    std::string name{};
    std::string type{};  ///< a name of Schema::simple or Schema::records
    bool is_record = false;
    bool is_list = false;
    std::size_t min = 1;
    std::size_t max = 1;
    bool operator==(const SchemaField&) const = default;
};

struct RecordType {
    std::string name{};
    bool is_choice = false;  ///< exactly one of the fields
    std::vector<SchemaField> fields{};
};

/// All types that the roots need.
struct Schema {
    std::map<std::string, SimpleType> simple{};
    std::vector<RecordType> records{};

    const RecordType* record(std::string_view name) const;
};

/// Learns a record by going over its fields, as often as there are alternatives.
class SchemaVisitor final : public FieldVisitor {
public:
    explicit SchemaVisitor(Schema& into) : schema_(into) {}

    /// The fields of a record that is visited by `visit(*this)`; its name begins those of the types
    /// in it. The record itself is not added to the schema.
    template <class Visit>
    std::vector<SchemaField> learn(std::string_view name, const Visit& visit) {
        std::vector<SchemaField> found;
        do {
            is_new_ = false;
            open_.push_back(Open{std::string(name), {}});
            visit(*this);
            found = std::move(open_.back().fields);
            open_.pop_back();
        } while (is_new_);
        return found;
    }

    void value(std::string_view name, std::string& to, Length bound) override;
    void value(std::string_view name, Secret& to, Length bound) override;
    void value(std::string_view name, std::int64_t& to, Range bound) override;
    void value(std::string_view name, bool& to) override;
    void value(std::string_view name, Amount& to) override;
    void value(std::string_view name, Measure& to) override;
    void value(std::string_view name, Moment& to) override;
    void value(std::string_view name, Uuid& to) override;
    void value(std::string_view name, base::Bytes& to, std::size_t max) override;
    void enumerator(std::string_view name, int& to,
                    std::span<const std::string_view> names) override;
    bool optional(std::string_view name, bool is_there) override;
    std::size_t list(std::string_view name, std::size_t size, Count bound) override;
    void end_list() override;
    void begin_record(std::string_view name) override;
    void end_record() override;
    std::size_t one_of(std::string_view type, std::size_t now,
                       std::span<const std::string_view> names) override;

private:
    struct Open {
        std::string type{};  ///< of the record that is open
        std::vector<SchemaField> fields{};
        bool is_choice = false;
    };
    /// The alternatives of one type that were seen so far: one more each time.
    struct Choice {
        std::size_t names = 0;
        std::vector<SchemaField> fields{};
    };
    void add(std::string_view name, SimpleType type);
    void add(SchemaField field);
    std::string keep(RecordType record);

    Schema& schema_;
    std::vector<Open> open_{};
    std::map<std::string, Choice, std::less<>> choices_{};
    bool is_optional_ = false;
    std::optional<Count> list_{};
    bool is_new_ = false;  ///< an alternative was seen for the first time
};

}  // namespace tillhost::sumpd::exchange
