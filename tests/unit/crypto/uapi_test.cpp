// SPDX-License-Identifier: MIT
#include "crypto/uapi.h"
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>

#include <string>

using namespace landfall;
using namespace landfall::crypto;
using namespace landfall::test;

namespace {

const std::string key_a = std::string(63, '1') + "2";
const std::string key_b = std::string(63, '3') + "4";

std::string ask(world& w, const std::string& request) {
    return answer_uapi(w.nodes[0].tunnel->control(), request, w.at);
}

} // namespace

TEST_CASE("crypto/uapi: what is set is what is got") {
    world w(1);
    CHECK(ask(w, "set=1\nprivate_key=" + key_a +
                     "\nlisten_port=51820\nfwmark=7\nreplace_peers=true\n" + "public_key=" + key_b +
                     "\npreshared_key=" + key_a +
                     "\nendpoint=[2001:db8::1]:99\npersistent_keepalive_interval=25\n"
                     "replace_allowed_ips=true\nallowed_ip=10.0.0.0/8\nallowed_ip=2001:db8::/32\n"
                     "protocol_version=1\n\n") == "errno=0\n\n");
    CHECK(ask(w, "get=1\n\n") ==
          "private_key=" + key_a + "\nlisten_port=51820\nfwmark=7\npublic_key=" + key_b +
              "\npreshared_key=" + key_a +
              "\nprotocol_version=1\nendpoint=[2001:db8::1]:99\nlast_handshake_time_sec=0\n"
              "last_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n"
              "persistent_keepalive_interval=25\nallowed_ip=10.0.0.0/8\n"
              "allowed_ip=2001:db8::/32\nerrno=0\n\n");
    CHECK(w.nodes[0].tunnel->numbers().listen_port.value() == 51820);
}

TEST_CASE("crypto/uapi: update_only adds nobody, remove and replace_peers take away") {
    world w(1);
    const std::string peer = "public_key=" + key_b + "\n";
    CHECK(ask(w, "set=1\n" + peer + "update_only=true\n\n") == "errno=0\n\n");
    CHECK(ask(w, "get=1\n\n").find("public_key") == std::string::npos);
    CHECK(ask(w, "set=1\n" + peer + "allowed_ip=10.0.0.0/8\n\n") == "errno=0\n\n");
    CHECK(ask(w, "set=1\n" + peer + "update_only=true\nallowed_ip=11.0.0.0/8\n\n") ==
          "errno=0\n\n");
    CHECK(ask(w, "get=1\n\n").find("allowed_ip=10.0.0.0/8\nallowed_ip=11.0.0.0/8") !=
          std::string::npos);
    CHECK(ask(w, "set=1\n" + peer + "replace_allowed_ips=true\n\n") == "errno=0\n\n");
    CHECK(ask(w, "get=1\n\n").find("allowed_ip") == std::string::npos);
    CHECK(ask(w, "set=1\n" + peer + "remove=true\n\n") == "errno=0\n\n");
    CHECK(ask(w, "get=1\n\n").find("public_key") == std::string::npos);
    w.run(20 * ms);
    CHECK(ask(w, "set=1\n" + peer + "\n") == "errno=0\n\n");
    CHECK(ask(w, "set=1\nreplace_peers=true\n\n") == "errno=0\n\n");
    CHECK(ask(w, "get=1\n\n").find("public_key") == std::string::npos);
}

TEST_CASE("crypto/uapi: a private key of zeros is none") {
    world w(1);
    CHECK(ask(w, "get=1\n\n").starts_with("private_key="));
    CHECK(ask(w, "set=1\nprivate_key=" + std::string(64, '0') + "\n\n") == "errno=0\n\n");
    CHECK(ask(w, "get=1\n\n") == "errno=0\n\n");
}

TEST_CASE("crypto/uapi: a request with one wrong line changes nothing") {
    world w(1);
    const std::string before = ask(w, "get=1\n\n");
    const std::string peer = "public_key=" + key_b + "\n";
    for (const std::string& line : {std::string("listen_port=65536"),
                                    std::string("listen_port=-1"),
                                    std::string("listen_port="),
                                    std::string("listen_port=1 "),
                                    std::string("fwmark=0x1"),
                                    std::string("replace_peers=false"),
                                    std::string("nosuch=1"),
                                    std::string("remove=true"),
                                    std::string("nothing"),
                                    "private_key=" + key_a + "1",
                                    "private_key=" + key_a.substr(1),
                                    "private_key=g" + key_a.substr(1),
                                    "public_key=" + key_a.substr(2),
                                    peer + "remove=yes",
                                    peer + "update_only=1",
                                    peer + "endpoint=host:1",
                                    peer + "endpoint=10.0.0.1",
                                    peer + "endpoint=10.0.0.1:0",
                                    peer + "allowed_ip=10.0.0.1",
                                    peer + "allowed_ip=10.0.0.1/33",
                                    peer + "allowed_ip=-10.0.0.1/32",
                                    peer + "persistent_keepalive_interval=65536",
                                    peer + "persistent_keepalive_interval=off",
                                    peer + "protocol_version=2",
                                    peer + "listen_port=1",
                                    peer + "preshared_key=" + key_a.substr(1),
                                    peer + "=",
                                    peer + "x"}) {
        CAPTURE(line);
        const std::string reply = ask(w, "set=1\nfwmark=9\n" + line + "\n\n");
        CHECK(reply.starts_with("errno=-"));
        CHECK(reply.ends_with("\n\n"));
        CHECK(ask(w, "get=1\n\n") == before);
    }
    for (const std::string& request :
         {std::string(), std::string("\n"), std::string("get=1"), std::string("get=1\n"),
          std::string("get=2\n\n"), std::string("set=1\n"), std::string("get=1\nx=1\n\n"),
          std::string("set=1\nfwmark=9\n"), std::string("GET / HTTP/1.0\n\n"),
          std::string("set=1\n\nfwmark=9\n\n"), std::string("set=1\nfwmark=\0009\n\n", 17)}) {
        CAPTURE(request);
        CHECK(ask(w, request).starts_with("errno=-"));
        CHECK(ask(w, "get=1\n\n") == before);
    }
}

TEST_CASE("crypto/uapi: a request ends at its blank line, and has a length at most") {
    CHECK(uapi_length("") == 0);
    CHECK(uapi_length("get=1\n") == 0);
    CHECK(uapi_length("get=1\n\n") == 7);
    CHECK(uapi_length("get=1\n\nset=1\n\n") == 7);
    CHECK(uapi_length("\nget=1\n\n") == 1);
    std::string longest = "set=1\n";
    while (longest.size() <= uapi_most_octets) {
        longest += "fwmark=1\n";
    }
    CHECK(parse_uapi(longest + "\n").error() == uapi_error::unterminated);
}
