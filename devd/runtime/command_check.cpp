#include "devd/runtime/command_check.h"

#include <fmt/format.h>

#include "hal/base/text.h"
#include "hal/codec/code_page.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using contract::TextPage;

Done check_ascii(std::string_view text, std::string_view field) {
    for (std::size_t place = 0; place < text.size(); ++place) {
        const auto code = static_cast<unsigned char>(text[place]);
        if (code < 0x20 || code >= 0x7F) {
            return base::make_error(base::ErrorCode::text_not_printable,
                                    fmt::format("{}: byte {} is not ASCII", field, place + 1));
        }
    }
    return {};
}

Done check_text(TextPage page, std::string_view text, std::string_view field) {
    switch (page) {
        case TextPage::ascii: return check_ascii(text, field);
        case TextPage::cp866:
            TRY(codec::to_code_page(codec::CodePage::cp866, text, field));
            return {};
        case TextPage::cp1251:
            TRY(codec::to_code_page(codec::CodePage::cp1251, text, field));
            return {};
        case TextPage::utf8:
        case TextPage::unspecified: break;
    }
    return {};
}

/// The texts of each command. Fields are named from the command's own root.
class Texts final {
public:
    explicit Texts(const contract::Manifest& manifest)
        : text_page_(manifest.text_page), tag_page_(manifest.tag_page) {}

    Done operator()(const contract::Receipt& receipt) const { return check(receipt, ""); }
    Done operator()(const contract::Correction& correction) const {
        TRY(check(correction.receipt, "receipt."));
        return check_text(tag_page_, correction.basis_number, "basis_number");
    }
    Done operator()(const contract::OpenShift& shift) const { return check(shift.cashier, ""); }
    Done operator()(const contract::CloseShift& shift) const { return check(shift.cashier, ""); }
    Done operator()(const contract::PrintText& print) const {
        return print.substitute ? Done() : check(print.lines, "lines");
    }
    Done operator()(const contract::SetLayout& layout) const {
        TRY(check(layout.header, "header"));
        TRY(check(layout.footer, "footer"));
        return check(layout.payment_names, "payment_names");
    }
    Done operator()(const contract::WriteTable& write) const {
        return check_text(text_page_, write.value, "value");
    }
    template <class Other>
    Done operator()(const Other&) const {
        return {};
    }

private:
    Done check(const contract::Receipt& receipt, const std::string& root) const {
        for (std::size_t i = 0; i < receipt.lines.size(); ++i) {
            const std::string line = fmt::format("{}lines[{}].", root, i);
            TRY(check_text(text_page_, receipt.lines[i].name, line + "name"));
            TRY(check(receipt.lines[i].tags, line));
        }
        TRY(check(receipt.text, root + "text"));
        TRY(check(receipt.cashier, root));
        TRY(check_text(tag_page_, receipt.customer_contact, root + "customer_contact"));
        TRY(check_text(tag_page_, receipt.customer_name, root + "customer_name"));
        return check(receipt.tags, root);
    }
    Done check(const std::optional<contract::Cashier>& cashier, const std::string& root) const {
        return cashier ? check_text(tag_page_, cashier->name, root + "cashier.name") : Done();
    }
    Done check(const std::vector<contract::Tag>& tags, const std::string& root) const {
        for (std::size_t i = 0; i < tags.size(); ++i) {
            TRY(check_text(tag_page_, tags[i].text, fmt::format("{}tags[{}].text", root, i)));
        }
        return {};
    }
    Done check(const std::vector<std::string>& lines, const std::string& field) const {
        for (std::size_t i = 0; i < lines.size(); ++i) {
            TRY(check_text(text_page_, lines[i], fmt::format("{}[{}]", field, i)));
        }
        return {};
    }

    TextPage text_page_;
    TextPage tag_page_;
};

}  // namespace

Done check_texts(const contract::Manifest& manifest, const contract::Command& command) {
    Done good = std::visit(Texts(manifest), command);
    if (!good) {
        good.error().detail =
            fmt::format("command.{}.{}", contract::case_of(command), good.error().detail);
    }
    return good;
}

core::CommandCheck make_command_check(std::vector<contract::Manifest> manifests) {
    return [manifests = std::move(manifests)](const std::string& driver,
                                              const contract::Command& command) -> Done {
        const contract::Manifest* manifest = find_manifest(manifests, driver);
        return manifest == nullptr ? Done() : check_texts(*manifest, command);
    };
}

}  // namespace tillhost::devd::runtime
