#include "simulators/services/apps/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "hal/os/files.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::apps {
namespace {

/// Of an object what the phone keeps.
Value kept_of(const Value& object) {
    const std::string kind = object.text_of("kind");
    const Value& body = object.at("body");
    Value kept;
    kept.set("kind", kind).set("id", object.text_of("id"));
    if (object.has("scope")) {
        kept.set("scope", object.text_of("scope"));
    }
    if (object.flag_of("deleted")) {
        return kept.set("deleted", true);
    }
    kept.set("print", fmt::format("{:x}", exchange::print_of(object)));
    if (kind == "Goods") {
        kept.set("text", body.at("goods").text_of("name"));
    } else if (kind == "Price") {
        kept.set("text", body.at("price").text_of("value"));
    } else if (kind == "Task") {
        kept.set("text", body.at("task").text_of("assignee"));
    }
    return kept;
}

std::string key_of(const Value& kept) {
    return fmt::format("{}|{}|{}", kept.text_of("kind"), kept.text_of("id"), kept.text_of("scope"));
}

}  // namespace

base::Result<std::unique_ptr<Feed>> Feed::open(const std::string& folder) {
    std::unique_ptr<Feed> feed(new Feed(folder));
    TRY(feed->load());
    return feed;
}

base::Done Feed::load() {
    diary_ = TRY(exchange::Diary::open(folder_ + "/feed.diary"));
    for (const Value& line : diary_->take()) {
        apply(line);
    }
    return {};
}

base::Done Feed::take(const Value& packet) {
    if (packet.all("object").empty() && packet.text_of("cursor") == cursor_ &&
        packet.flag_of("more") == !whole_) {
        return {};  // nothing new: nothing to write
    }
    Value line;
    line.set("cursor", packet.text_of("cursor")).set("more", packet.flag_of("more"));
    Value kept = Value::list();
    for (const Value& object : packet.all("object")) {
        kept.items.push_back(kept_of(object));
    }
    line.set("object", std::move(kept));
    TRY(diary_->write(line));
    apply(line);
    return {};
}

void Feed::apply(const Value& line) {
    cursor_ = line.text_of("cursor");
    whole_ = !line.flag_of("more");
    for (const Value& object : line.all("object")) {
        apply_object(object);
    }
    counted_ = false;
}

void Feed::apply_object(const Value& object) {
    const std::string key = key_of(object);
    const auto known = objects_.find(key);
    if (known != objects_.end()) {
        holdings_.remove(known->second.print);
        objects_.erase(known);
    }
    if (object.flag_of("deleted")) {
        return;
    }
    const std::string digits = object.text_of("print");
    std::uint64_t print = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), print, 16);
    holdings_.add(print);
    objects_.emplace(key, Item{print, object.text_of("text")});
}

base::Done Feed::begin_anew() {
    TRY(os::remove_file(diary_->path()));
    *this = Feed(folder_);
    return load();
}

const Good* Feed::choose(std::uint64_t number) {
    constexpr std::string_view kPrice = "Price|retail:";
    if (!counted_) {
        goods_.clear();
        for (const auto& [key, item] : objects_) {
            if (!key.starts_with(kPrice)) {
                continue;
            }
            const std::string id =
                key.substr(kPrice.size(), key.find('|', kPrice.size()) - kPrice.size());
            const auto named = objects_.find(fmt::format("Goods|{}|", id));
            const auto price = exchange::money_read(item.text);
            if (named != objects_.end() && price) {
                goods_.push_back({id, named->second.text, *price});
            }
        }
        std::sort(goods_.begin(), goods_.end(),
                  [](const Good& one, const Good& other) { return one.id < other.id; });
        counted_ = true;
    }
    return goods_.empty() ? nullptr : &goods_[number % goods_.size()];
}

std::vector<std::string> Feed::tasks_of(const std::string& user) const {
    std::vector<std::string> tasks;
    for (const auto& [key, item] : objects_) {
        if (key.starts_with("Task|") && item.text == user) {
            const std::string rest = key.substr(5);
            tasks.push_back(rest.substr(0, rest.find('|')));
        }
    }
    std::sort(tasks.begin(), tasks.end());
    return tasks;
}

}  // namespace tillhost::simulators::apps
