#pragma once

#include <array>

#include "hal/device/manifest.h"

namespace tillhost::drivers::escpos {

/// Numbers of Epson's own list (ESC t).
inline constexpr std::string_view kCodePagesDefault = "437:0,850:2,858:19,852:18,866:17,1252:16";

inline constexpr std::array<std::string_view, 3> kModelNames{
    "Epson TM-T20, TM-T82, TM-T88IV to VII, TM-m30", "Epson TM-T88III, TM-U220", "ESC/POS"};
inline constexpr std::array kLines{contract::LineKind::tcp, contract::LineKind::usb,
                                   contract::LineKind::serial, contract::LineKind::pty};
/// 04b8:0202 and 0416:5011 stand in the pages and examples of python-escpos, 04b8:0e03 (TM-T20) and
/// 04b8:0e15 (TM-T20II) in programs that use it. 0416 is the maker of the chip (Winbond), and what
/// carries 5011 is not always a receipt printer.
inline constexpr device::UsbMatch printer(std::uint16_t vendor, std::uint16_t product,
                                          bool shared = false) {
    constexpr std::uint8_t kPrinterClass = 7;
    return {vendor, product, contract::LineKind::usb, kPrinterClass, shared};
}
inline constexpr std::array kUsb{printer(0x04B8, 0x0202), printer(0x04B8, 0x0E03),
                                 printer(0x04B8, 0x0E15), printer(0x0416, 0x5011, true)};
inline constexpr std::array kCapabilities{
    contract::Capability::drawer, contract::Capability::barcodes, contract::Capability::pictures,
    contract::Capability::cut};

inline constexpr std::array kModelChoices{
    device::Choice{"epson",
                   {"Epson and others that confirm the printing",
                    "Epson и другие, подтверждающие печать", "Epson i inne potwierdzające wydruk"}},
    device::Choice{"basic",
                   {"tells its state only", "сообщает только состояние", "podaje tylko stan"}},
    device::Choice{"mute", {"answers nothing", "ничего не отвечает", "nic nie odpowiada"}}};
inline constexpr std::array kYesNo{device::Choice{"yes", {"yes", "да", "tak"}},
                                   device::Choice{"no", {"no", "нет", "nie"}}};
inline constexpr std::array kLanguages{device::Choice{"en", {"English", "английский", "angielski"}},
                                       device::Choice{"ru", {"Russian", "русский", "rosyjski"}},
                                       device::Choice{"pl", {"Polish", "польский", "polski"}}};
inline constexpr std::array kPins{device::Choice{"2", {"pin 2", "контакт 2", "styk 2"}},
                                  device::Choice{"5", {"pin 5", "контакт 5", "styk 5"}}};
inline constexpr std::array kLevels{
    device::Choice{"unknown", {"not known", "неизвестно", "nieznany"}},
    device::Choice{"high", {"high", "высокий", "wysoki"}},
    device::Choice{"low", {"low", "низкий", "niski"}}};

inline constexpr std::array kCommunicationFields{
    device::kPortField,
    device::Field{
        .name = "model",
        .kind = contract::FieldKind::choice,
        .title = {"Kind of printer", "Вид принтера", "Rodzaj drukarki"},
        .help = {"what it says back", "что он сообщает в ответ", "co odpowiada"},
        .default_value = "epson",
        .choices = kModelChoices,
    },
    device::Field{
        .name = "keep_open",
        .kind = contract::FieldKind::choice,
        .title = {"Keep the connection", "Держать соединение", "Utrzymuj połączenie"},
        .help = {"no: a connection for each document, for a printer that several programs use",
                 "нет: соединение на каждый документ, если принтером пользуются и другие",
                 "nie: połączenie na każdy dokument, gdy drukarki używają też inni"},
        .default_value = "yes",
        .choices = kYesNo,
    },
    device::Field{
        .name = "wait_s",
        .kind = contract::FieldKind::integer,
        .title = {"Wait for paper", "Ждать бумагу", "Czekaj na papier"},
        .help = {"how long a printer that stopped in a document is waited for",
                 "сколько ждать принтер, остановившийся посреди документа",
                 "jak długo czekać na drukarkę, która stanęła w środku dokumentu"},
        .unit = "s",
        .min = 0,
        .max = 240,
        .default_value = "60",
    },
};

inline constexpr std::array kPaperFields{
    device::Field{
        .name = "code_pages",
        .kind = contract::FieldKind::text,
        .title = {"Code pages", "Кодовые страницы", "Strony kodowe"},
        .help = {"those that the printer has, with its own numbers, in the order they are tried",
                 "имеющиеся в принтере, с его номерами, в порядке выбора",
                 "dostępne w drukarce, z jej numerami, w kolejności prób"},
        .min = 1,
        .max = 100,
        .default_value = kCodePagesDefault,
    },
    device::Field{
        .name = "columns",
        .kind = contract::FieldKind::integer,
        .title = {"Characters on a line", "Символов в строке", "Znaków w wierszu"},
        .help = {"48 or 42 on paper of 80 mm, 32 on 58 mm", "48 или 42 на ленте 80 мм, 32 на 58 мм",
                 "48 lub 42 na papierze 80 mm, 32 na 58 mm"},
        .min = 16,
        .max = 64,
        .default_value = "48",
    },
    device::Field{
        .name = "width_dots",
        .kind = contract::FieldKind::integer,
        .title = {"Dots on a line", "Точек в строке", "Punktów w wierszu"},
        .help = {"576 or 512 on paper of 80 mm, 384 on 58 mm",
                 "576 или 512 на ленте 80 мм, 384 на 58 мм",
                 "576 lub 512 na papierze 80 mm, 384 na 58 mm"},
        .min = 192,
        .max = 832,
        .default_value = "576",
    },
    device::Field{
        .name = "cutter",
        .kind = contract::FieldKind::choice,
        .title = {"Cutter", "Отрезчик", "Gilotyna"},
        .help = {"no: the paper is fed to the edge for tearing",
                 "нет: бумага подаётся к кромке отрыва",
                 "nie: papier jest wysuwany do krawędzi odrywania"},
        .default_value = "yes",
        .choices = kYesNo,
    },
    device::Field{
        .name = "language",
        .kind = contract::FieldKind::choice,
        .title = {"Language of the mark", "Язык пометки", "Język oznaczenia"},
        .help = {"of the word that marks a copy", "слова, которым помечается копия",
                 "słowa oznaczającego kopię"},
        .default_value = "en",
        .choices = kLanguages,
    },
};

inline constexpr std::array kDrawerFields{
    device::Field{
        .name = "drawer_pin",
        .kind = contract::FieldKind::choice,
        .title = {"Drawer", "Ящик", "Szuflada"},
        .help = {"which pin opens it", "каким контактом открывается", "który styk ją otwiera"},
        .default_value = "2",
        .choices = kPins,
    },
    device::Field{
        .name = "drawer_on_ms",
        .kind = contract::FieldKind::integer,
        .title = {"Pulse", "Импульс", "Impuls"},
        .help = {"how long", "длительность", "jak długi"},
        .unit = "ms",
        .min = 10,
        .max = 510,
        .default_value = "120",
    },
    device::Field{
        .name = "drawer_off_ms",
        .kind = contract::FieldKind::integer,
        .title = {"Rest behind it", "Пауза после него", "Przerwa po nim"},
        .help = {"not shorter than the pulse", "не короче импульса", "nie krótsza niż impuls"},
        .unit = "ms",
        .min = 10,
        .max = 510,
        .default_value = "240",
    },
    device::Field{
        .name = "drawer_open_level",
        .kind = contract::FieldKind::choice,
        .title = {"Level when open", "Уровень при открытом", "Poziom przy otwartej"},
        .help = {"of the drawer's switch; it depends on the cable",
                 "датчика ящика; зависит от кабеля", "czujnika szuflady; zależy od kabla"},
        .default_value = "unknown",
        .choices = kLevels,
    },
};

inline constexpr device::Texts kPaperTitle{"Paper", "Бумага", "Papier"};
inline constexpr device::Texts kDrawerTitle{"Cash drawer", "Денежный ящик", "Szuflada kasowa"};
inline constexpr std::array kPages{device::Page{device::kCommunicationTitle, kCommunicationFields},
                                   device::Page{kPaperTitle, kPaperFields},
                                   device::Page{kDrawerTitle, kDrawerFields}};

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::receipt_printer,
    .title = {"Receipt printers, ESC/POS", "Чековые принтеры, ESC/POS",
              "Drukarki paragonowe, ESC/POS"},
    .models = kModelNames,
    .lines = kLines,
    .usb = kUsb,
    .tcp_port = 9100,
    .pages = kPages,
    .capabilities = kCapabilities,
    .recovery = contract::RecoveryClass::person,
    .budgets = {.open_ms = 60'000, .execute_ms = 300'000, .resolve_ms = 60'000, .query_ms = 60'000},
};

}  // namespace tillhost::drivers::escpos
