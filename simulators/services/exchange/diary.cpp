#include "simulators/services/exchange/diary.h"

#include "hal/base/bytes.h"
#include "hal/os/files.h"

namespace tillhost::simulators::exchange {

base::Result<std::unique_ptr<Diary>> Diary::open(std::string path) {
    auto diary = std::unique_ptr<Diary>(new Diary(std::move(path)));
    TRY(os::append_durably(diary->path_, {}));  // it is there from now on
    const base::Bytes bytes = TRY(os::read_file(diary->path_, kDiaryBytesMax));
    const std::string text = base::string_of(bytes);
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos;
         end = text.find('\n', begin)) {
        diary->entries_.push_back(
            TRY(parse_json(std::string_view(text).substr(begin, end - begin))));
        begin = end + 1;
    }
    if (begin != text.size()) {
        TRY(os::write_atomically(diary->path_, base::ByteView(bytes).first(begin)));
    }
    return diary;
}

base::Done Diary::write(const Value& entry) {
    return os::append_durably(path_, base::bytes_of(json_of(entry) + "\n"));
}

base::Done Diary::write_all(const std::vector<Value>& entries) {
    std::string text;
    for (const Value& entry : entries) {
        text += json_of(entry) + "\n";
    }
    return os::append_durably(path_, base::bytes_of(text));
}

}  // namespace tillhost::simulators::exchange
