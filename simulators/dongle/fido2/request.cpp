#include "simulators/dongle/fido2/request.h"

#include "simulators/dongle/fido2/cbor.h"

namespace tillhost::simulators::fido2 {
namespace {

using base::Bytes;
using Kind = Cbor::Kind;

constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kRpBytesMax = 253, kUserIdBytesMax = 64, kUserNameBytesMax = 253;
constexpr std::string_view kPublicKey = "public-key";

/// Reads the members of a request; the first one that is wrong decides the status.
class Reader final {
public:
    /// The value, or nullptr: it is not there (and need not be), or is of another kind.
    template <class Key>
    const Cbor* take(const Cbor& map, const Key& key, Kind kind, bool must = true) {
        const Cbor* const value = map.at(key);
        if (value == nullptr && must) {
            fail(Status::missing_parameter);
        } else if (value != nullptr && value->kind != kind) {
            fail(Status::unexpected_type);
            return nullptr;
        }
        return value;
    }
    template <class Key>
    Bytes bytes(const Cbor& map, const Key& key) {
        const Cbor* const value = take(map, key, Kind::bytes);
        return value == nullptr ? Bytes{} : value->bytes;
    }
    template <class Key>
    std::string text(const Cbor& map, const Key& key, bool must = true) {
        const Cbor* const value = take(map, key, Kind::text, must);
        return value == nullptr ? std::string() : value->text;
    }
    bool option(const Cbor& map, std::int64_t options, std::string_view name, bool usual) {
        const Cbor* const all = take(map, options, Kind::map, false);
        const Cbor* const one = all == nullptr ? nullptr : take(*all, name, Kind::flag, false);
        return one == nullptr ? usual : one->flag;
    }
    /// Ids of a list of credentials; those of another type are left out.
    std::vector<Bytes> ids(const Cbor& map, std::int64_t key) {
        std::vector<Bytes> all;
        const Cbor* const list = take(map, key, Kind::array, false);
        for (const Cbor& one : list == nullptr ? std::vector<Cbor>{} : list->items) {
            const Bytes id = bytes(one, std::string_view("id"));
            if (text(one, std::string_view("type")) == kPublicKey) {
                all.push_back(id);
            }
        }
        return all;
    }
    void fail(Status status) { status_ = status_ == Status::ok ? status : status_; }
    void want(bool right) {
        if (!right) {
            fail(Status::unexpected_type);
        }
    }
    Status status() const { return status_; }

private:
    Status status_ = Status::ok;
};

bool offers_es256(Reader& reader, const Cbor& map) {
    const Cbor* const list = reader.take(map, std::int64_t{4}, Kind::array);
    bool offered = false;
    for (const Cbor& one : list == nullptr ? std::vector<Cbor>{} : list->items) {
        const Cbor* const algorithm = reader.take(one, std::string_view("alg"), Kind::number);
        const bool is_key = reader.text(one, std::string_view("type")) == kPublicKey;
        offered = offered || (is_key && algorithm != nullptr && algorithm->number == kEs256);
    }
    return offered;
}

MakeCredential parse_make(Reader& reader, const Cbor& map) {
    MakeCredential make;
    const Cbor none = Cbor::map({});
    make.hash = reader.bytes(map, std::int64_t{1});
    const Cbor* const rp = reader.take(map, std::int64_t{2}, Kind::map);
    make.rp = reader.text(rp == nullptr ? none : *rp, std::string_view("id"));
    const Cbor* const user = reader.take(map, std::int64_t{3}, Kind::map);
    make.user_id = reader.bytes(user == nullptr ? none : *user, std::string_view("id"));
    make.user_name = reader.text(user == nullptr ? none : *user, std::string_view("name"), false);
    make.es256 = offers_es256(reader, map);
    make.excluded = reader.ids(map, 5);
    constexpr std::int64_t kOptions = 7, kPinAuth = 8;
    make.resident = reader.option(map, kOptions, "rk", false);
    make.up = reader.option(map, kOptions, "up", true);
    make.uv = reader.option(map, kOptions, "uv", false);
    make.pin_auth = reader.take(map, kPinAuth, Kind::bytes, false) != nullptr;
    reader.want(make.hash.size() == kHashBytes && make.rp.size() <= kRpBytesMax &&
                make.user_id.size() <= kUserIdBytesMax &&
                make.user_name.size() <= kUserNameBytesMax);
    return make;
}

GetAssertion parse_assertion(Reader& reader, const Cbor& map) {
    constexpr std::int64_t kAllowed = 3, kOptions = 5, kPinAuth = 6;
    GetAssertion get;
    get.rp = reader.text(map, std::int64_t{1});
    get.hash = reader.bytes(map, std::int64_t{2});
    get.any = map.at(kAllowed) == nullptr;
    get.allowed = reader.ids(map, kAllowed);
    get.up = reader.option(map, kOptions, "up", true);
    get.uv = reader.option(map, kOptions, "uv", false);
    get.pin_auth = reader.take(map, kPinAuth, Kind::bytes, false) != nullptr;
    reader.want(get.hash.size() == kHashBytes && get.rp.size() <= kRpBytesMax);
    return get;
}

ClientPin parse_pin(Reader& reader, const Cbor& map) {
    const Cbor* const subcommand = reader.take(map, std::int64_t{2}, Kind::number);
    return {.subcommand = subcommand == nullptr ? 0 : subcommand->number};
}

}  // namespace

Parsed parse_request(Command command, base::ByteView parameters) {
    const bool has_parameters = command == Command::make_credential ||
                                command == Command::get_assertion || command == Command::client_pin;
    if (!has_parameters) {
        return {};
    }
    const auto map = decode_cbor(parameters);
    if (!map) {
        return {.status = Status::invalid_cbor};
    }
    if (map->kind != Kind::map) {
        return {.status = Status::unexpected_type};
    }
    Reader reader;
    Request request;
    if (command == Command::make_credential) {
        request = parse_make(reader, *map);
    } else if (command == Command::get_assertion) {
        request = parse_assertion(reader, *map);
    } else {
        request = parse_pin(reader, *map);
    }
    return reader.status() == Status::ok ? Parsed{.request = std::move(request)}
                                         : Parsed{.status = reader.status()};
}

}  // namespace tillhost::simulators::fido2
