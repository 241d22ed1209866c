// Claim: a neighbour says the same in each envelope of the contract, and understands each answer.
// Shown: by requests as the contract's pages write them, and answers with faults and without.
#include <gtest/gtest.h>

#include "simulators/services/exchange/caller.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::exchange {
namespace {

Value prepare() {
    Value request;
    return request.set("node", "ERP & co").set("ackNo", 3).set("partSize", 4096);
}

TEST(ExchangeCaller, JsonPutsFieldsIntoPathQueryAndBody) {
    const auto prepared =
        encode_call(Form::json, "https://shop:1", "PrepareMessage", prepare(), "Bearer k");
    ASSERT_TRUE(prepared.has_value());
    EXPECT_EQ(prepared->method, "POST");
    EXPECT_EQ(prepared->url, "https://shop:1/v1/erp/outbox/prepare");
    EXPECT_EQ(prepared->body, R"({"node":"ERP & co","ackNo":3,"partSize":4096})");

    Value part;
    part.set("messageId", "m-1").set("partNo", 2).set("sha256", "x").set("data", "\x01\xFF");
    const auto put = encode_call(Form::json, "https://shop:1", "PutPart", part, "");
    EXPECT_EQ(put->url, "https://shop:1/v1/erp/inbox/m-1/parts/2");
    EXPECT_EQ(put->body, "\x01\xFF");

    Value job;
    job.set("jobId", "7").set("waitMs", 100);
    EXPECT_EQ(encode_call(Form::json, "https://shop:1", "GetJob", job, "")->url,
              "https://shop:1/v1/erp/jobs/7?waitMs=100");
}

TEST(ExchangeCaller, XmlFormsHaveTheSameElement) {
    const std::string element =
        "<PrepareMessage xmlns=\"urn:sumpd:exchange:1\"><Node>ERP &amp; co</Node><AckNo>3</AckNo>"
        "<PartSize>4096</PartSize></PrepareMessage>";
    const auto raw = encode_call(Form::xml, "https://shop:1", "PrepareMessage", prepare(), "");
    EXPECT_EQ(raw->url, "https://shop:1/xml");
    EXPECT_EQ(raw->body, element);
    for (const Form form : {Form::soap11, Form::soap12}) {
        const auto soap = encode_call(form, "https://shop:1", "PrepareMessage", prepare(), "");
        EXPECT_EQ(soap->url, "https://shop:1/soap");
        EXPECT_NE(soap->body.find("<s:Body>" + element + "</s:Body>"), std::string::npos);
    }
}

TEST(ExchangeCaller, WhatASlipSaysIsTheSameInEachForm) {
    Value slip;
    slip.set("commandId", "c-1").set("outcome", "approved").set("amountMinor", 1250);
    slip.set("receiptNumber", 17).set("authorisationCode", "A1");
    const auto json = encode_call(Form::json, "https://shop:1", "AnswerCommand", slip, "Bearer k");
    ASSERT_TRUE(json.has_value()) << base::to_text(json.error());
    EXPECT_EQ(json->method, "POST");
    EXPECT_EQ(json->url, "https://shop:1/v1/app/commands/c-1/answer");
    EXPECT_EQ(json->body, R"({"outcome":"approved","amountMinor":1250,"receiptNumber":17,)"
                          R"("authorisationCode":"A1"})");
    const std::string element =
        "<AnswerCommand xmlns=\"urn:sumpd:exchange:1\"><CommandId>c-1</CommandId>"
        "<Outcome>approved</Outcome><AmountMinor>1250</AmountMinor><ReceiptNumber>17"
        "</ReceiptNumber><AuthorisationCode>A1</AuthorisationCode></AnswerCommand>";
    for (const Form form : {Form::xml, Form::soap11, Form::soap12}) {
        const auto written = encode_call(form, "https://shop:1", "AnswerCommand", slip, "");
        ASSERT_TRUE(written.has_value()) << name_of(form);
        EXPECT_NE(written->body.find(element), std::string::npos) << name_of(form);
    }
}

TEST(ExchangeCaller, AnswersAreTheSameInEachForm) {
    const HttpAnswer json{200, R"({"state":"done","error":[{"kind":"Goods","id":"g1"}]})"};
    const std::string xml =
        "<GetJobResponse xmlns=\"urn:sumpd:exchange:1\"><State>done</State><Error><Kind>Goods"
        "</Kind><Id>g1</Id></Error></GetJobResponse>";
    const HttpAnswer soap{200,
                          "<e:Envelope xmlns:e=\"x\"><e:Body>" + xml + "</e:Body></e:Envelope>"};
    for (const auto& [form, http] :
         {std::pair{Form::json, json}, std::pair{Form::xml, HttpAnswer{200, xml}},
          std::pair{Form::soap11, soap}, std::pair{Form::soap12, soap}}) {
        const auto answer = decode_answer(form, "GetJob", http);
        ASSERT_TRUE(answer.has_value()) << name_of(form);
        EXPECT_TRUE(answer->ok());
        EXPECT_EQ(answer->body.text_of("state"), "done");
        ASSERT_EQ(answer->body.all("error").size(), 1U);
        EXPECT_EQ(answer->body.all("error")[0].text_of("id"), "g1");
    }
}

TEST(ExchangeCaller, FaultsAreTheSameInEachForm) {
    const std::string error =
        "<SumpError xmlns=\"urn:sumpd:exchange:1\"><Code>too_many</Code><Message>wait</Message>"
        "<Retryable>true</Retryable><RetryAfterMs>500</RetryAfterMs></SumpError>";
    const auto soap = [&](const std::string& detail) {
        return HttpAnswer{500, "<e:Envelope xmlns:e=\"x\"><e:Body><e:Fault><code>c</code><" +
                                   detail + ">" + error + "</" + detail +
                                   "></e:Fault></e:Body></e:Envelope>"};
    };
    const HttpAnswer json{
        429, R"({"code":"too_many","message":"wait","retryable":true,"retryAfterMs":500})"};
    for (const auto& [form, http] :
         {std::pair{Form::json, json}, std::pair{Form::xml, HttpAnswer{429, error}},
          std::pair{Form::soap11, soap("detail")}, std::pair{Form::soap12, soap("e:Detail")}}) {
        const auto answer = decode_answer(form, "GetJob", http);
        ASSERT_TRUE(answer.has_value()) << name_of(form);
        EXPECT_EQ(answer->fault.code, "too_many");
        EXPECT_TRUE(answer->fault.retryable);
        EXPECT_EQ(answer->fault.retry_after_ms, 500);
    }
}

TEST(ExchangeCaller, WhatIsNotOfTheContractIsAnErrorThatMayHaveHappened) {
    for (const Form form : {Form::json, Form::xml, Form::soap11}) {
        for (const char* body : {"", "<html>", "<html/>", "{", "[1]", "{\"state\":1.5}"}) {
            const auto answer = decode_answer(form, "GetJob", {502, body});
            ASSERT_FALSE(answer.has_value()) << name_of(form) << body;
            EXPECT_EQ(answer.error().effect, base::Effect::unknown);
        }
    }
}

TEST(ExchangeCaller, BytesOfAPartAreTheSameInEachForm) {
    const std::string bytes("\x00\xFF<&", 4);
    const auto json = decode_answer(Form::json, "GetPart", {200, bytes});
    const auto xml = decode_answer(
        Form::xml, "GetPart",
        {200, "<GetPartResponse><Data>" + base64_of(bytes) + "</Data></GetPartResponse>"});
    ASSERT_TRUE(json.has_value() && xml.has_value());
    EXPECT_EQ(json->body.text_of("data"), bytes);
    EXPECT_EQ(xml->body.text_of("data"), bytes);
}

TEST(ExchangeText, ReadsWhatItWrites) {
    for (const std::string bytes : {"", "a", "ab", "abc", "abcd"}) {
        EXPECT_EQ(*base64_read(base64_of(bytes)), bytes);
    }
    EXPECT_EQ(base64_of("ab"), "YWI=");
    for (const std::int64_t ms : {std::int64_t{0}, std::int64_t{1795812837123}}) {
        EXPECT_EQ(*moment_read(moment_of(ms)), ms);
    }
    EXPECT_EQ(moment_of(1'000), "1970-01-01T00:00:01.000+00:00");
    EXPECT_EQ(*moment_read("1970-01-01T03:00:00+03:00"), 0);
    EXPECT_EQ(money_of(1205), "12.05");
    EXPECT_EQ(*money_read("12.5"), 1250);
    EXPECT_EQ(*url_read(url_escaped("Shop 12/Ж&=")), "Shop 12/Ж&=");
    for (const char* wrong : {"1970-13-01T00:00:00Z", "1970-01-01T00:00:00", "", "yesterday"}) {
        EXPECT_FALSE(moment_read(wrong).has_value()) << wrong;
    }
}

TEST(ExchangeValue, DeepAndForeignTextsAreRefused) {
    EXPECT_FALSE(parse_json(std::string(100, '[')).has_value());
    std::string deep(60, ' ');
    for (int i = 0; i < 60; ++i) {
        deep = "<a>" + deep + "</a>";
    }
    EXPECT_FALSE(parse_xml(deep).has_value());
    EXPECT_FALSE(parse_xml("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").has_value());
    EXPECT_FALSE(parse_json("{\"a\":1} x").has_value());
}

}  // namespace
}  // namespace tillhost::simulators::exchange
