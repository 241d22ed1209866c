#include "simulators/fiscal/shtrih/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "simulators/core/codepage.h"

namespace tillhost::simulators::shtrih {
namespace {

struct TableRow {
    std::uint8_t table;
    std::uint16_t rows;
    std::uint8_t fields;
    std::string_view name;
};

constexpr std::array kTables{
    TableRow{1, 1, 48, "ТИП И РЕЖИМ КАССЫ"},
    TableRow{2, 30, 3, "ПАРОЛИ КАССИРОВ И АДМИНИСТРАТОРОВ"},
    TableRow{4, 14, 1, "ТЕКСТ В ЧЕКЕ"},
    TableRow{5, 16, 1, "НАИМЕНОВАНИЯ ТИПОВ ОПЛАТЫ"},
    TableRow{6, 12, 2, "НАЛОГОВЫЕ СТАВКИ"},
    TableRow{7, 16, 1, "НАИМЕНОВАНИЯ ОТДЕЛОВ"},
    TableRow{8, 7, 2, "НАСТРОЙКА ШРИФТОВ"},
    TableRow{16, 1, 18, "СЕТЕВОЙ АДРЕС"},
    TableRow{17, 1, 48, "РЕГИОНАЛЬНЫЕ НАСТРОЙКИ"},
    TableRow{18, 1, 26, "FISCAL STORAGE"},
    TableRow{19, 1, 2, "ПАРАМЕТРЫ ОФД"},
    TableRow{21, 1, 9, "СЕТЕВЫЕ ИНТЕРФЕЙСЫ"},
};

struct FieldRow {
    std::uint8_t table;
    std::uint8_t field;
    bool text;
    std::uint8_t bytes;
    std::uint64_t max;
    bool read_only;
    std::string_view name;
    std::uint64_t min = 0;
};

// Fields that are not listed are one byte, 0 to 255.
constexpr std::array kFields{
    FieldRow{1, 1, false, 1, 99, false, "НОМЕР ККТ", 1},
    FieldRow{1, 2, false, 1, 1, false, "АВТОМАТИЧЕСКОЕ ОБНУЛЕНИЕ ДЕНЕЖНОЙ НАЛИЧНОСТИ"},
    FieldRow{1, 6, false, 1, 1, false, "ОТКРЫВАНИЕ ДЕНЕЖНОГО ЯЩИКА"},
    FieldRow{1, 7, false, 1, 2, false, "ОТРЕЗКА ЧЕКА"},
    FieldRow{1, 14, false, 1, 1, false, "НАЧИСЛЕНИЕ НАЛОГОВ"},
    FieldRow{1, 17, false, 1, 1, false, "ПЕЧАТЬ ЗАГОЛОВКА ЧЕКА"},
    FieldRow{1, 20, false, 1, 1, true, "ПЕЧАТЬ ЧЕКА ПО ЗАКРЫТИЮ"},
    FieldRow{1, 22, false, 1, 1, false, "ОТРЕЗКА В ОТКРЫТОМ ЧЕКЕ"},
    FieldRow{1, 23, false, 1, 1, false, "ЗАПРЕТ НУЛЕВОГО ЧЕКА"},
    FieldRow{1, 39, false, 1, 1, false, "ПЕЧАТЬ КЛИШЕ"},
    FieldRow{1, 41, false, 1, 1, false, "QR-КОД В ЧЕКЕ"},
    FieldRow{2, 1, false, 4, 99'999'999, false, "ПАРОЛЬ"},
    FieldRow{2, 2, true, 64, 0, false, "ФАМИЛИЯ И ДОЛЖНОСТЬ"},
    FieldRow{2, 3, true, 12, 0, false, "ИНН КАССИРА"},
    FieldRow{4, 1, true, 48, 0, false, "ТЕКСТ"},
    FieldRow{5, 1, true, 40, 0, false, "НАИМЕНОВАНИЕ ТИПА ОПЛАТЫ"},
    FieldRow{6, 1, false, 2, 10'000, false, "ВЕЛИЧИНА НАЛОГА"},
    FieldRow{6, 2, true, 57, 0, false, "НАЗВАНИЕ НАЛОГА"},
    FieldRow{7, 1, true, 40, 0, false, "НАИМЕНОВАНИЕ ОТДЕЛА"},
    FieldRow{8, 1, false, 1, 4, false, "ШИРИНА БУКВЫ, КОЛОНОК", 1},
    FieldRow{8, 2, false, 1, 4, false, "ВЫСОТА БУКВЫ, СТРОК", 1},
    FieldRow{16, 1, false, 1, 1, false, "СТАТИЧЕСКИЙ АДРЕС"},
    FieldRow{17, 3, false, 1, 1, false, "РЕЖИМ ИСЧИСЛЕНИЯ СКИДОК"},
    FieldRow{17, 5, false, 1, 8, false, "РАЗМЕР ТОЧКИ QR-КОДА", 3},
    FieldRow{17, 7, false, 1, 3, false, "НЕ ПЕЧАТАТЬ ДОКУМЕНТ"},
    FieldRow{17, 8, false, 2, 1439, false, "ОГРАНИЧЕНИЕ СМЕНЫ, МИНУТ"},
    FieldRow{17, 15, false, 1, 1, false, "ПЕЧАТЬ АННУЛИРОВАННОГО ЧЕКА"},
    FieldRow{17, 17, false, 1, 4, false, "ФОРМАТ ФД", 2},
    FieldRow{17, 25, false, 1, 255, false, "ПЕЧАТЬ РЕКВИЗИТОВ"},
    FieldRow{17, 27, false, 1, 1, false, "ПЕЧАТЬ ПОДВАЛА"},
    FieldRow{17, 31, false, 1, 1, false, "РЕПЛИКА ПОСЛЕДНЕГО ДОКУМЕНТА ФН"},
    FieldRow{17, 35, false, 1, 1, false, "СТРОГИЙ КОНТРОЛЬ"},
    FieldRow{17, 36, false, 1, 1, false, "РАСШИРЕННЫЕ ОТВЕТЫ"},
    FieldRow{18, 1, true, 16, 0, true, "СЕРИЙНЫЙ НОМЕР"},
    FieldRow{18, 2, true, 12, 0, true, "ИНН"},
    FieldRow{18, 3, true, 20, 0, true, "РЕГИСТРАЦИОННЫЙ НОМЕР"},
    FieldRow{18, 4, true, 16, 0, true, "НОМЕР ФН"},
    FieldRow{18, 5, false, 1, 0x3F, true, "СИСТЕМА НАЛОГООБЛОЖЕНИЯ"},
    FieldRow{18, 6, false, 1, 0x3F, true, "РЕЖИМ РАБОТЫ"},
    FieldRow{18, 7, true, 128, 0, false, "ПОЛЬЗОВАТЕЛЬ"},
    FieldRow{18, 8, true, 64, 0, false, "ОПЕРАТОР"},
    FieldRow{18, 9, true, 128, 0, false, "АДРЕС"},
    FieldRow{18, 10, true, 128, 0, false, "НАИМЕНОВАНИЕ ОФД"},
    FieldRow{18, 11, true, 64, 0, false, "URL ОФД"},
    FieldRow{18, 12, true, 12, 0, false, "ИНН ОФД"},
    FieldRow{18, 14, true, 128, 0, false, "МЕСТО РАСЧЕТОВ"},
    FieldRow{18, 15, true, 64, 0, false, "E-MAIL ОТПРАВИТЕЛЯ"},
    FieldRow{18, 23, true, 12, 0, false, "ИНН КАССИРА"},
    FieldRow{19, 1, true, 64, 0, false, "СЕРВЕР"},
    FieldRow{19, 2, false, 2, 65'535, false, "ПОРТ"},
    FieldRow{21, 1, false, 1, 2, false, "РЕЖИМ PPP"},
    FieldRow{21, 2, false, 1, 1, false, "ОБМЕН С ОФД СРЕДСТВАМИ ККТ"},
    FieldRow{21, 3, false, 1, 2, false, "СЕРВЕР TCP"},
    FieldRow{21, 4, false, 2, 65'535, false, "ПОРТ TCP"},
    FieldRow{21, 9, false, 1, 1, false, "RNDIS"},
};

constexpr std::array<std::string_view, 16> kPaymentNames{
    "НАЛИЧНЫМИ",       "БЕЗНАЛИЧНЫМИ",    "ЭЛЕКТРОННЫМИ 3",  "ЭЛЕКТРОННЫМИ 4",
    "ЭЛЕКТРОННЫМИ 5",  "ЭЛЕКТРОННЫМИ 6",  "ЭЛЕКТРОННЫМИ 7",  "ЭЛЕКТРОННЫМИ 8",
    "ЭЛЕКТРОННЫМИ 9",  "ЭЛЕКТРОННЫМИ 10", "ЭЛЕКТРОННЫМИ 11", "ЭЛЕКТРОННЫМИ 12",
    "ЭЛЕКТРОННЫМИ 13", "АВАНС",           "КРЕДИТ",          "ИНАЯ ФОРМА ОПЛАТЫ"};

struct VatRow {
    std::uint16_t rate;  // 0.01 %
    std::string_view name;
};

constexpr std::array<VatRow, 12> kVat{{{2000, "НДС 20%"},
                                       {1000, "НДС 10%"},
                                       {0, "НДС 0%"},
                                       {0, "БЕЗ НДС"},
                                       {2000, "НДС 20/120"},
                                       {1000, "НДС 10/110"},
                                       {500, "НДС 5%"},
                                       {700, "НДС 7%"},
                                       {500, "НДС 5/105"},
                                       {700, "НДС 7/107"},
                                       {2200, "НДС 22%"},
                                       {2200, "НДС 22/122"}}};

constexpr std::uint8_t kOperators = 30;
constexpr std::uint8_t kSystemAdministrator = 30;

std::uint32_t key_of(FieldPlace place) {
    return static_cast<std::uint32_t>(place.table) << 24 |
           static_cast<std::uint32_t>(place.row) << 8 | place.field;
}

const TableRow* find_table(std::uint8_t table) {
    const auto* row = std::find_if(kTables.begin(), kTables.end(),
                                   [table](const TableRow& each) { return each.table == table; });
    return row == kTables.end() ? nullptr : row;
}

std::uint64_t number_of(base::ByteView bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        value = value << 8 | base::to_unsigned(bytes[i]);
    }
    return value;
}

}  // namespace

OrRefusal<TableShape> table_shape(std::uint8_t table) {
    const TableRow* row = find_table(table);
    if (row == nullptr) {
        return Refusal::no_table;
    }
    return TableShape{.name = std::string(row->name), .rows = row->rows, .fields = row->fields};
}

OrRefusal<FieldShape> field_shape(std::uint8_t table, std::uint8_t field) {
    const TableRow* owner = find_table(table);
    if (owner == nullptr || field == 0 || field > owner->fields) {
        return Refusal::no_table;
    }
    for (const FieldRow& row : kFields) {
        if (row.table == table && row.field == field) {
            return FieldShape{.name = std::string(row.name),
                              .text = row.text,
                              .bytes = row.bytes,
                              .max = row.max,
                              .read_only = row.read_only,
                              .min = row.min};
        }
    }
    return FieldShape{.name = fmt::format("ПОЛЕ {}", field)};
}

OrRefusal<base::Bytes> Tables::read(FieldPlace place) const {
    const auto shape = field_shape(place.table, place.field);
    const TableRow* owner = find_table(place.table);
    if (owner == nullptr || place.row == 0 || place.row > owner->rows ||
        std::holds_alternative<Refusal>(shape)) {
        return Refusal::no_table;
    }
    const auto stored = memory_.tables.find(key_of(place));
    return stored != memory_.tables.end() ? stored->second
                                          : factory_value(place, std::get<FieldShape>(shape));
}

Refusal Tables::write(FieldPlace place, base::ByteView value) {
    const auto now = read(place);
    if (const auto* refusal = std::get_if<Refusal>(&now)) {
        return *refusal;
    }
    const FieldShape shape = std::get<FieldShape>(field_shape(place.table, place.field));
    if (shape.read_only) {
        return Refusal::read_only;
    }
    if (value.size() > shape.bytes) {
        return Refusal::bad_length;
    }
    if (!shape.text && (number_of(value) > shape.max || number_of(value) < shape.min)) {
        return Refusal::bad_parameters;
    }
    if (place.table == 6 && memory_.shift_open) {
        return Refusal::wrong_mode;
    }
    base::Bytes bytes(value.begin(), value.end());
    bytes.resize(shape.bytes);
    memory_.tables[key_of(place)] = std::move(bytes);
    return Refusal::ok;
}

std::uint64_t Tables::number(FieldPlace place) const {
    const auto value = read(place);
    const auto* bytes = std::get_if<base::Bytes>(&value);
    return bytes == nullptr ? 0 : number_of(*bytes);
}

std::string Tables::text(FieldPlace place) const {
    const auto value = read(place);
    const auto* bytes = std::get_if<base::Bytes>(&value);
    if (bytes == nullptr) {
        return "";
    }
    const auto end = std::find(bytes->begin(), bytes->end(), std::byte{0});
    return utf8_from_cp1251({bytes->begin(), end});
}

std::uint8_t Tables::operator_of(std::uint32_t password) const {
    for (std::uint8_t row = 1; row <= kOperators; ++row) {
        if (number({.table = 2, .row = row, .field = 1}) == password) {
            return row;
        }
    }
    return 0;
}

base::Bytes Tables::factory_value(FieldPlace place, const FieldShape& shape) const {
    base::Bytes bytes;
    if (shape.text) {
        bytes = cp1251_from_utf8(factory_text(place));
        bytes.resize(shape.bytes);
    } else {
        bytes = base::ByteWriter().uint_le(factory_number(place), shape.bytes).take();
    }
    return bytes;
}

std::string Tables::factory_text(FieldPlace place) const {
    switch (place.table) {
        case 2:
            if (place.field != 2) {
                return "";
            }
            return place.row == kSystemAdministrator ? options_.operator_name
                   : place.row == kOperators - 1     ? "АДМИНИСТРАТОР"
                                                     : fmt::format("КАССИР{}", place.row);
        case 4: return place.row == 1 ? "СПАСИБО ЗА ПОКУПКУ!" : "";
        case 5: return std::string(kPaymentNames[place.row - 1U]);
        case 6: return std::string(kVat[place.row - 1U].name);
        case 7: return fmt::format("{} ОТДЕЛ", place.row);
        case 18: break;
        default: return "";
    }
    switch (place.field) {
        case 1: return memory_.serial;
        case 2: return options_.inn;
        case 3: return options_.rnm;
        case 4: return memory_.fn_number;
        case 7: return options_.user;
        case 9: return options_.address;
        case 10: return options_.ofd_name;
        case 12: return options_.ofd_inn;
        case 14: return "Магазин";
        default: return "";
    }
}

std::uint64_t Tables::factory_number(FieldPlace place) const {
    struct Value {
        std::uint8_t table;
        std::uint8_t field;
        std::uint64_t value;
    };
    constexpr std::array kValues{
        Value{1, 1, 1},  Value{1, 7, 1},     Value{1, 20, 1}, Value{17, 5, 4}, Value{17, 27, 1},
        Value{1, 17, 1}, Value{18, 5, 0x3F}, Value{21, 2, 1}, Value{21, 3, 1}, Value{21, 4, 7778}};
    if (place.table == 2) {
        return place.row;  // passwords 1 to 30
    }
    if (place.table == 8) {
        return place.row == 2 ? 2 : 1;  // font 2 is twice as wide and high
    }
    if (place.table == 17 && place.field == 17) {
        return options_.ffd;
    }
    if (place.table == 6) {
        return kVat[place.row - 1U].rate;
    }
    for (const Value& row : kValues) {
        if (row.table == place.table && row.field == place.field) {
            return row.value;
        }
    }
    return 0;
}

}  // namespace tillhost::simulators::shtrih
