#include "actuator/page/html.h"

#include <gtest/gtest.h>

namespace farshore {
namespace {

constexpr int kRefused = -1;

TEST(EscapeHtml, LeavesNothingThatCouldBeMarkup) {
  EXPECT_EQ(escape_html("<script>alert('1' & \"2\")</script>"),
            "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;");
  EXPECT_EQ(escape_html("plain, ünïcode and 日本"), "plain, ünïcode and 日本");
}

TEST(EscapeHtml, ShowsWhatIsNoTextAsAReplacement) {
  const std::string replaced = "\xEF\xBF\xBD";
  EXPECT_EQ(escape_html(std::string_view("a\0b", 3)), "a" + replaced + "b");
  EXPECT_EQ(escape_html("\x1b[2J"), replaced + "[2J");
  EXPECT_EQ(escape_html("a\xFFz"), "a" + replaced + "z");
  EXPECT_EQ(escape_html("a\xC2\x85z"), "a" + replaced + "z");
  EXPECT_EQ(escape_html("two\nlines\tand"), "two\nlines\tand");
}

TEST(EscapeHtml, DoesNotLetTextTurnItsDirection) {
  for (const char* turn : {"\u202E", "\u202A", "\u2066", "\u2069", "\u200F", "\u061C"})
    EXPECT_EQ(escape_html(std::string("us") + turn + "eu"),
              "us\xEF\xBF\xBD"
              "eu");
  EXPECT_EQ(escape_html("\u2013 \u20AC \u00E9"), "\u2013 \u20AC \u00E9");
}

TEST(Html, EscapesEveryArgumentAndNoLiteral) {
  Html html;
  html.add("<p class=\"{}\">{}</p>", std::string("a\" onclick=\"x"), "<b>");
  EXPECT_EQ(html.str(), "<p class=\"a&quot; onclick=&quot;x\">&lt;b&gt;</p>");
}

TEST(Html, TakesNumbersAndOtherHtmlAsTheyAre) {
  Html inner;
  inner.add("<b>{}</b>", std::string_view("&"));
  EXPECT_EQ(Html().add("<p>{} {}</p>", inner, int64_t{-5}).str(), "<p><b>&amp;</b> -5</p>");
  EXPECT_EQ(Html().add(inner).add(inner).str(), "<b>&amp;</b><b>&amp;</b>");
  EXPECT_EQ(Html().add("<p>{}</p>", "{}").str(), "<p>{}</p>");
}

TEST(HtmlPatterns, AreCountedAndTheirPlacesAreJudgedWhileCompiling) {
  EXPECT_EQ(markup::count_places("<p>{} and {}</p>"), 2);
  EXPECT_EQ(markup::count_places("<a href=\"/runs/{}\" id=\"run-{}\">"), 2);
  EXPECT_EQ(markup::count_places("<a href=\"#{}\">"), 1);
  EXPECT_EQ(markup::count_places("<p class={}>"), kRefused) << "without quotes";
  EXPECT_EQ(markup::count_places("<{}>"), kRefused) << "a tag's name";
  EXPECT_EQ(markup::count_places("<p {}>"), kRefused) << "an attribute's name";
  EXPECT_EQ(markup::count_places("<a href=\"{}\">"), kRefused) << "a whole address could be javascript:";
  EXPECT_EQ(markup::count_places("<form action=\"{}\">"), kRefused);
  EXPECT_EQ(markup::count_places("<p style=\"color:{}\">"), kRefused);
  EXPECT_EQ(markup::count_places("<p onclick=\"{}\">"), kRefused);
  EXPECT_EQ(markup::count_places("<script>{}</script>"), kRefused);
  EXPECT_EQ(markup::count_places("<style>{}</style>"), kRefused);
  EXPECT_EQ(markup::count_places("<p class=\""), kRefused) << "a tag that the next pattern would go on with";
}

}  // namespace
}  // namespace farshore
