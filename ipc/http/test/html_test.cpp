// Claim: no text gets into a page as markup unless it was made one. Shown on texts that would be
// scripts, on broken UTF-8 and on templates.
#include "ipc/http/html.h"

#include <gtest/gtest.h>

namespace tillhost::http {
namespace {

TEST(Html, Escapes) {
    EXPECT_EQ(escape("<script>alert(\"&'\")</script>"),
              "&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;");
    EXPECT_EQ(escape("чą\n\t"), "чą\n\t");
    EXPECT_EQ(escape("a\x01\x7f\xff<"), "a\uFFFD\uFFFD\uFFFD&lt;");
    EXPECT_EQ(escape(std::string_view("\0", 1)), "\uFFFD");
}

TEST(Html, FillsTemplates) {
    const Markup bold = fill("<b>{text}</b>", {{"text", "a<b"}});
    EXPECT_EQ(bold.html(), "<b>a&lt;b</b>");
    Markup page = fill("<p title=\"{title}\">{bold}{bold}</p>{{x}}",
                       {{"title", "\" onclick=\""}, {"bold", bold}});
    EXPECT_EQ(page.html(), "<p title=\"&quot; onclick=&quot;\"><b>a&lt;b</b><b>a&lt;b</b></p>{x}");
    page += Markup("<hr>");
    EXPECT_TRUE(page.html().ends_with("<hr>"));
    // What is inserted is no template.
    EXPECT_EQ(fill("{a}", {{"a", "{b}"}}).html(), "{b}");
    EXPECT_EQ(fill("", {}).html(), "");
}

TEST(HtmlDeathTest, ATemplateOfTheProgramIsRight) {
    EXPECT_DEATH(fill("{a}", {{"b", "x"}}), "");
    EXPECT_DEATH(fill("{a", {{"a", "x"}}), "");
    EXPECT_DEATH(fill("a}", {}), "");
}

}  // namespace
}  // namespace tillhost::http
