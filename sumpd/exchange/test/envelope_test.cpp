// Claim: one request is the same call in every envelope, and answers and faults close in the
// envelope of their request. Shown by texts as clients send them, and by broken ones.
#include "sumpd/exchange/envelope.h"

#include <gtest/gtest.h>

#include "sumpd/exchange/operations.h"
#include "sumpd/exchange/test/vectors.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::string_view kSoap11 = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr std::string_view kSoap12 = "http://www.w3.org/2003/05/soap-envelope";

std::string soap(std::string_view uri, std::string_view header, std::string_view body) {
    return "<?xml version='1.0' encoding='utf-8'?>\n<e:Envelope xmlns:e=\"" + std::string(uri) +
           "\">" + std::string(header) + "<e:Body>" + std::string(body) + "</e:Body></e:Envelope>";
}
std::string put_documents(std::string_view first = "") {
    return R"(<n:PutDocuments xmlns:n="urn:sumpd:exchange:1">)" + std::string(first) +
           "<n:Document>" + std::string(kGoldenXmlOtherwise) + "</n:Document></n:PutDocuments>";
}

TEST(Envelope, OneDocumentHashesTheSameInEveryEncoding) {
    const std::string element = put_documents("<n:Session>abc</n:Session>");
    const std::pair<Encoding, std::string> all[] = {{Encoding::raw_xml, element},
                                                    {Encoding::soap11, soap(kSoap11, "", element)},
                                                    {Encoding::soap12, soap(kSoap12, "", element)}};
    for (const auto& [encoding, body] : all) {
        const Opened opened = open_request(body, Encoding::json);
        ASSERT_TRUE(opened.call) << opened.call.error().message;
        EXPECT_EQ(opened.encoding, encoding);
        EXPECT_EQ(opened.call->operation, "PutDocuments");
        EXPECT_EQ(opened.call->session, Secret{"abc"});
        const auto request = from_xml<PutDocuments>(opened.call->element);
        ASSERT_TRUE(request) << request.error().message;
        EXPECT_EQ(sha256_of(request->documents.at(0)), kGoldenSha256);
    }
    const auto json =
        from_json<PutDocuments>("{\"document\":[" + std::string(kGoldenJsonOtherwise) + "]}");
    ASSERT_TRUE(json);
    EXPECT_EQ(sha256_of(json->documents.at(0)), kGoldenSha256);
}

TEST(Envelope, ASessionIsOptionalAndBounded) {
    EXPECT_FALSE(open_request(put_documents(), Encoding::raw_xml).call->session);
    EXPECT_FALSE(open_request(put_documents("<n:Session/>"), Encoding::raw_xml).call->session);
    const auto bad = [](const std::string& inside) {
        return open_request(put_documents("<n:Session>" + inside + "</n:Session>"),
                            Encoding::raw_xml);
    };
    EXPECT_TRUE(bad(std::string(kSessionMax, 'x')).call);
    EXPECT_EQ(bad(std::string(kSessionMax + 1, 'x')).call.error().field, "Session");
    EXPECT_EQ(bad("<n:A/>").call.error().code, FaultCode::schema_invalid);
}

TEST(Envelope, RefusesOtherForms) {
    const std::string call = R"(<Logout xmlns="urn:sumpd:exchange:1"/>)";
    EXPECT_TRUE(open_request(soap(kSoap12, "", call), Encoding::soap11).call);
    for (const std::string& body :
         {std::string("<Logout/>"), std::string("<a"), soap(kSoap11, "", ""),
          soap(kSoap11, "", call + call), soap(kSoap11, "", "<Logout/>"),
          "<e:Envelope xmlns:e='" + std::string(kSoap11) + "'/>"}) {
        const Opened opened = open_request(body, Encoding::raw_xml);
        ASSERT_FALSE(opened.call) << body;
        EXPECT_EQ(opened.call.error().code, FaultCode::bad_request);
        EXPECT_EQ(opened.soap_code, SoapCode::by_fault);
    }
    EXPECT_EQ(open_request("<a", Encoding::soap12).encoding, Encoding::soap12);
    EXPECT_EQ(open_request(std::string(kRequestBounds.bytes_max + 1, ' '), Encoding::soap12)
                  .call.error()
                  .code,
              FaultCode::too_large);
}

TEST(Envelope, AnUnknownSoapIsAVersionMismatch) {
    const Opened opened = open_request(soap("urn:soap13", "", ""), Encoding::raw_xml);
    ASSERT_FALSE(opened.call);
    EXPECT_EQ(opened.encoding, Encoding::soap11);
    const std::string text = close_fault(opened.encoding, opened.call.error(), opened.soap_code);
    EXPECT_NE(text.find("<faultcode>soap:VersionMismatch</faultcode>"), std::string::npos);
}

TEST(Envelope, HeadersThatMustBeUnderstoodAreRefused) {
    const std::string call = R"(<Logout xmlns="urn:sumpd:exchange:1"/>)";
    const auto with = [&](std::string_view uri, std::string_view attributes) {
        return open_request(soap(uri,
                                 "<e:Header><x:Security xmlns:x='urn:x' " +
                                     std::string(attributes) + "/></e:Header>",
                                 call),
                            Encoding::raw_xml);
    };
    for (const std::string_view taken :
         {"", "e:mustUnderstand='0'", "mustUnderstand='1'",
          "e:mustUnderstand='1' e:actor='urn:other' e:role='urn:other'"}) {
        EXPECT_TRUE(with(kSoap11, taken).call) << taken;
        EXPECT_TRUE(with(kSoap12, taken).call) << taken;
    }
    const Opened old = with(kSoap11, "e:mustUnderstand='1'");
    ASSERT_FALSE(old.call);
    EXPECT_NE(close_fault(old.encoding, old.call.error(), old.soap_code)
                  .find("<faultcode>soap:MustUnderstand</faultcode>"),
              std::string::npos);
    const Opened next =
        with(kSoap12, "e:mustUnderstand='true' e:role='" + std::string(kSoap12) + "/role/next'");
    ASSERT_FALSE(next.call);
    EXPECT_NE(close_fault(next.encoding, next.call.error(), next.soap_code)
                  .find("<env:Value>env:MustUnderstand</env:Value>"),
              std::string::npos);
}

TEST(Envelope, ClosesAnswersInTheEnvelopeOfTheRequest) {
    const PutPartResponse answer{.received = {1, 2}};
    EXPECT_EQ(close_answer(Encoding::json, "PutPartResponse", answer), R"({"received":[1,2]})");
    for (const Encoding encoding : {Encoding::raw_xml, Encoding::soap11, Encoding::soap12}) {
        const std::string text = close_answer(encoding, "PutPartResponse", answer);
        const auto opened = open_answer(text);
        ASSERT_TRUE(opened) << text;
        EXPECT_EQ(opened->name, "PutPartResponse");
        EXPECT_EQ(from_xml<PutPartResponse>(*opened)->received, answer.received);
        EXPECT_EQ(text.find(kSoap11) != std::string::npos, encoding == Encoding::soap11);
        EXPECT_EQ(text.find(kSoap12) != std::string::npos, encoding == Encoding::soap12);
    }
}

TEST(Envelope, ClosesFaultsInEveryEncoding) {
    const Fault fault{.code = FaultCode::too_many,
                      .message = "at most \"100\" <a> & ]]> minute",
                      .retry_after_ms = 1500,
                      .field = "document[0].docId",
                      .request_id = "r1"};
    for (const Encoding encoding : {Encoding::raw_xml, Encoding::soap11, Encoding::soap12}) {
        const std::string text = close_fault(encoding, fault);
        const auto opened = open_answer(text);
        ASSERT_FALSE(opened) << text;
        EXPECT_EQ(opened.error(), fault) << text;
    }
    EXPECT_NE(close_fault(Encoding::soap11, fault).find("<faultcode>soap:Server</faultcode>"),
              std::string::npos);
    EXPECT_NE(close_fault(Encoding::soap12, fault).find("<env:Value>env:Receiver</env:Value>"),
              std::string::npos);
    const Fault mine{.code = FaultCode::doc_conflict};
    EXPECT_NE(close_fault(Encoding::soap11, mine).find("soap:Client"), std::string::npos);
    EXPECT_NE(close_fault(Encoding::soap12, mine).find("env:Sender"), std::string::npos);
    EXPECT_EQ(fault_status_of(Encoding::soap11, mine.code), 500);
    EXPECT_EQ(fault_status_of(Encoding::raw_xml, mine.code), 409);
}

TEST(Envelope, AFaultInJsonIsAProblem) {
    const Fault fault{.code = FaultCode::doc_conflict, .message = "a\x01\"b", .request_id = "r"};
    const std::string text = close_fault(Encoding::json, fault);
    EXPECT_EQ(text,
              "{\"type\":\"urn:sumpd:error:doc_conflict\",\"title\":\"doc_conflict\","
              "\"status\":409,\"detail\":\"a\xEF\xBF\xBD\\\"b\",\"code\":\"doc_conflict\","
              "\"message\":\"a\xEF\xBF\xBD\\\"b\",\"retryable\":false,\"requestId\":\"r\"}");
    const auto read = from_json<Fault>(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->code, FaultCode::doc_conflict);
    EXPECT_NE(close_fault(Encoding::json, Fault{}).find("\"internal\""), std::string::npos);
    EXPECT_EQ(content_type_of(Encoding::json, true), "application/problem+json");
}

TEST(Envelope, AForeignSoapFaultIsInternal) {
    const auto opened =
        open_answer(soap(kSoap11, "",
                         "<e:Fault><faultcode>e:Server</faultcode><faultstring>oops</faultstring>"
                         "</e:Fault>"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, FaultCode::internal);
    EXPECT_EQ(opened.error().message, "oops");
}

}  // namespace
}  // namespace tillhost::sumpd::exchange
