// The addon's table of contents: each file registers what it offers.
#include "addon.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports)
{
    skiff::RegisterAhead(env, exports);
    skiff::RegisterExec(env, exports);
    skiff::RegisterFiles(env, exports);
    skiff::RegisterEngine(env, exports);
    skiff::RegisterProcess(env, exports);
    skiff::RegisterCompanion(env, exports);
    skiff::RegisterExitWatch(env, exports);
    skiff::RegisterReaper(env, exports);
    skiff::RegisterTerminal(env, exports);
    skiff::RegisterRemoval(env, exports);
    skiff::RegisterStart(env, exports);
    skiff::RegisterMonitor(env, exports);
    skiff::RegisterWorkspace(env, exports);
    skiff::RegisterTrees(env, exports);
    skiff::RegisterViews(env, exports);
    return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
