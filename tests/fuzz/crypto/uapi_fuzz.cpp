// SPDX-License-Identifier: MIT
// Any text as requests of the user-space socket: each gets a whole reply, and what is got after a
// set is what a second set of the same would leave.
#include "crypto/uapi.h"
#include "tests/support/tunnel_world.h"

#include <cstdlib>
#include <string_view>

using namespace landfall;

namespace {

void require(bool good) {
    if (!good) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static crypto::tunnel tunnel({.control = {.random = test::seeded(1)}, .peers = 2});
    const crypto::instant at{test::s, test::s};
    const auto settle = [&] {
        std::array<std::uint16_t, 2> due{};
        static_cast<void>(tunnel.data().poll(at.now_ns, due));
    };
    static const std::string clear = "set=1\nreplace_peers=true\n\n";
    require(crypto::answer_uapi(tunnel.control(), clear, at) == "errno=0\n\n");
    settle();
    std::string_view text(reinterpret_cast<const char*>(data), size);
    for (int i = 0; i < 8 && !text.empty(); ++i) {
        const std::size_t length = crypto::uapi_length(text);
        const std::string_view request = length == 0 ? text : text.substr(0, length);
        text.remove_prefix(request.size());
        const std::string reply = crypto::answer_uapi(tunnel.control(), request, at);
        require(reply.ends_with("\n\n") && reply.find("errno=") != std::string::npos);
        require(crypto::uapi_length(reply) == reply.size());
        settle();
    }
    require(crypto::answer_uapi(tunnel.control(), "get=1\n\n", at).ends_with("errno=0\n\n"));
    return 0;
}
