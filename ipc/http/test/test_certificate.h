#pragma once

// A certificate for "localhost" and its key, made for these tests and valid for a hundred years:
// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
namespace tillhost::http {

inline constexpr char kTestCertificate[] = R"(-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUXB1SueWLiTA4DuWz8cMQTaEJTb0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzA2NDkwOVoYDzIxMjYxMTAz
MDY0OTA5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASdup4aleLgm+olk+Wt+Ibq6nD5vWdNnD832u+DLM7PByFWUhsuwHoa
kmwW5t/Nb3pc+qjvPNC9CUr0oi9YF1Bao28wbTAdBgNVHQ4EFgQUBGJrPkBJnV77
3vOv5FzGBCAipeIwHwYDVR0jBBgwFoAUBGJrPkBJnV773vOv5FzGBCAipeIwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgAgRQDKBxuomWS1uBF2mKzTzIGJsJvunBjVFRTv/vgrYCIQCk
FKJR32IR5E3XtrykVQUQt6Fodcb9kXIwBXabsyxfpA==
-----END CERTIFICATE-----
)";
inline constexpr char kTestKey[] = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcVe5UsIB7eLYmnDj
bZtLESgRgUCT2F4CuOgxzcAKqXOhRANCAASdup4aleLgm+olk+Wt+Ibq6nD5vWdN
nD832u+DLM7PByFWUhsuwHoakmwW5t/Nb3pc+qjvPNC9CUr0oi9YF1Ba
-----END PRIVATE KEY-----
)";

}  // namespace tillhost::http
