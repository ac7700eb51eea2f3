{
  "target_defaults": {
    "cflags": ["-Wall", "-Wextra", "-Wno-unused-parameter", "-fstack-protector-strong", "-fvisibility=hidden"],
    "conditions": [
      ["target_arch=='x64'", { "cflags": ["-fcf-protection=full"] }],
      ["target_arch=='arm64'", { "cflags": ["-mbranch-protection=standard"] }]
    ],
    "configurations": { "Release": { "cflags": ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"] } },
    "cflags_c": ["-std=gnu11"],
    "defines": ["_GNU_SOURCE", "NAPI_CPP_EXCEPTIONS"],
    "ldflags": ["-Wl,-z,relro,-z,now"]
  },
  "targets": [
    {
      "target_name": "skiff",
      "sources": ["<!@(ls csrc/addon/*.cc csrc/core/*.c csrc/archive/*.c)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "cflags_cc": ["-std=c++17", "-fexceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti"]
    },
    {
      "target_name": "skiff-init",
      "type": "none",
      "actions": [
        {
          "action_name": "build the static init",
          "inputs": ["csrc/init/build.sh", "<!@(ls csrc/init/*.c csrc/init/*.h csrc/init/monitor/*.c csrc/init/monitor/*.h csrc/core/*.c csrc/core/*.h)"],
          "outputs": ["<(PRODUCT_DIR)/skiff-init"],
          "action": ["sh", "csrc/init/build.sh", "<(PRODUCT_DIR)/skiff-init"]
        }
      ]
    }
  ]
}
